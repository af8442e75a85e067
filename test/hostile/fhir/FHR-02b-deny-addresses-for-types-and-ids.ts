import type { Attack } from '../harness/attack.ts';
import { HEAD } from './parts/script.ts';

export const attack: Attack = {
  claim: 'an address in place of a type, an id or the url of an entry is refused',
  script: `${HEAD}
    export async function main(t) {
      const address = 'http://127.0.0.1:' + t.port + '/Patient/1';
      return outcomes([fhir.read('Patient', address), fhir.read(address, 'x'), fhir.transaction(bundle('batch', entry('GET', address))), fhir.transaction(bundle('transaction', { fullUrl: address, ...entry('PUT', 'Patient/x', { resourceType: 'Patient', id: 'x' }) }))]);
    }`,
  returns: ['DENIED'],
};
