import type { Attack } from '../harness/attack.ts';
import { HEAD } from './parts/script.ts';

/** A condition asks a question, and its answer is an effect. */
export const attack: Attack = {
  claim: 'conditional writes match nothing that another tenant has',
  script: `${HEAD}
    export async function main(t) {
      const mine = { resourceType: 'Patient', active: false };
      const only = 'Patient?_id=' + t.patient.foreign;
      await codeOf(fhir.transaction(bundle('batch', entry('DELETE', only), entry('PUT', only, mine), entry('PUT', 'Patient?name=canary', mine))));
      const made = await fhir.transaction(bundle('batch', { resource: mine, request: { method: 'POST', url: 'Patient', ifNoneExist: '_id=' + t.patient.foreign } }));
      return made.entry[0].response.status;
    }`,
  returns: '201',
};
