import type { Attack } from '../harness/attack.ts';
import { HEAD } from './parts/script.ts';

export const attack: Attack = {
  claim: 'a type that is a path, an operation or an address is refused',
  script: `${HEAD}
    export async function main(t) {
      const types = ['../Patient', 'Patient/' + t.patient.foreign, '$everything', '$graphql', 'Patient?_id=x', '//127.0.0.1:' + t.port, 'http://127.0.0.1:' + t.port, '__proto__', 'http', '', null, ['Patient']];
      return outcomes(types.flatMap((type) => [fhir.read(type, 'x'), fhir.search(type), fhir.create({ resourceType: type })]));
    }`,
  returns: ['BAD_ARGUMENT', 'DENIED'],
};
