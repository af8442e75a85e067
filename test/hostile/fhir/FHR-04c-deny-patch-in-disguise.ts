import type { Attack } from '../harness/attack.ts';
import { HEAD } from './parts/script.ts';

/** An entry carries its patch in base64, which nothing looks into but the server. */
export const attack: Attack = {
  claim: 'a patch within a bundle is judged like any other',
  script: `${HEAD}
    export async function main(t) {
      const url = 'https://aidbox.app/tenant-organization-id';
      const ops = [{ op: 'add', path: '/meta', value: { extension: [{ url, valueReference: { reference: 'Organization/' + t.tenant.foreign } }] } }];
      const binary = (data) => ({ resourceType: 'Binary', contentType: 'application/json-patch+json', data: btoa(JSON.stringify(data)) });
      const patch = (resource) => fhir.transaction(bundle('batch', entry('PATCH', 'Patient/' + t.patient.own, resource)));
      return [await codeOf(patch(binary(ops))), await codeOf(patch(binary([{ op: 'eval', path: '/x' }]))), await codeOf(patch({ resourceType: 'Parameters', parameter: [] }))];
    }`,
  returns: ['DENIED', 'BAD_ARGUMENT', 'BAD_ARGUMENT'],
};
