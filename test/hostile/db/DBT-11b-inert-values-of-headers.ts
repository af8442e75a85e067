import { HEAD } from '../fhir/parts/script.ts';
import type { Attack } from '../harness/attack.ts';

export const attack: Attack = {
  claim: 'a header that may cross has a value that the host knows',
  script: `${HEAD}
    export async function main(t) {
      const raw = (args) => $cloister.call('db.request', { target: { table: 'notes' }, method: 'GET', query: [], headers: {}, ...args });
      const headers = [{ accept: 'application/vnd.pgrst.plan+json' }, { accept: 'application/openapi+json' }, { prefer: 'params=single-object' }, { prefer: 'return=minimal\\r\\nauthorization: x' }, { range: '0-1000000' }, { range: 'bytes=0-1' }, { 'content-type': 'application/octet-stream' }, { prefer: 1 }];
      return outcomes(headers.map((each) => raw({ headers: each })));
    }`,
  returns: ['BAD_ARGUMENT'],
};
