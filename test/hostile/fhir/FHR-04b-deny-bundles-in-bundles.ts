import type { Attack } from '../harness/attack.ts';
import { HEAD } from './parts/script.ts';

export const attack: Attack = {
  claim: 'a bundle in a bundle is refused, in either method and by either name',
  script: `${HEAD}
    export async function main(t) {
      const inner = bundle('transaction', entry('DELETE', 'Patient/' + t.patient.foreign));
      return outcomes([fhir.transaction(bundle('batch', entry('POST', 'Bundle', inner))), fhir.transaction(bundle('batch', entry('PUT', 'Bundle/x', { ...inner, id: 'x' })))]);
    }`,
  returns: ['DENIED'],
};
