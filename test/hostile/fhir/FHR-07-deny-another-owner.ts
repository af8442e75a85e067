import type { Attack } from '../harness/attack.ts';
import { HEAD } from './parts/script.ts';

export const attack: Attack = {
  claim: 'a write that says that another tenant owns the resource, or that it is shared, is refused',
  script: `${HEAD}
    export async function main(t) {
      const owner = { url: 'https://aidbox.app/tenant-organization-id', valueReference: { reference: 'Organization/' + t.tenant.foreign } };
      const shared = { url: 'https://aidbox.app/tenant-resource-mode', valueString: 'shared' };
      const works = [owner, shared].flatMap((extension) => {
        const resource = { resourceType: 'Basic', id: 'owned', meta: { extension: [extension] } };
        return [fhir.create(resource), fhir.update(resource), fhir.transaction(bundle('batch', entry('PUT', 'Basic/owned', resource))), fhir.patch('Patient', t.patient.own, [{ op: 'add', path: '/meta/extension', value: [extension] }])];
      });
      return [await outcomes(works), await codeOf(fhir.read('Basic', 'owned'))];
    }`,
  returns: [['DENIED'], 'NOT_FOUND'],
};
