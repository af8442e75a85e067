import type { Attack } from '../harness/attack.ts';
import { HEAD } from './parts/script.ts';

export const attack: Attack = {
  claim: 'an id that is more than one segment of a path is refused, whatever the call',
  script: `${HEAD}
    export async function main(t) {
      const ids = ['../Patient/' + t.patient.foreign, '..%2f..%2f', '%252e', 'a/../../Organization/' + t.tenant.foreign, '\\\\..\\\\', '..', '.', 'x'.repeat(65), '', 'a\\nb', '\\u0000', null, 7, ['a'], {}];
      return outcomes(ids.flatMap((id) => [
        fhir.read('Patient', id), fhir.delete('Patient', id), fhir.patch('Patient', id, []), fhir.update({ resourceType: 'Patient', id }),
        fhir.transaction(bundle('batch', entry('GET', typeof id === 'string' && id !== '' ? 'Patient/' + id : id))),
      ]));
    }`,
  returns: ['BAD_ARGUMENT', 'DENIED'],
};
