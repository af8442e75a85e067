import { HEAD } from '../fhir/parts/script.ts';
import type { Attack } from '../harness/attack.ts';

export const attack: Attack = {
  claim: 'no credential, schema or header of its own crosses with a query',
  script: `${HEAD}
    export async function main(t) {
      const raw = (args) => $cloister.call('db.request', { target: { table: 'notes' }, method: 'GET', query: [], headers: {}, ...args });
      const headers = [{ authorization: 'Bearer x' }, { apikey: 'x' }, { host: 'x' }, { 'x-forwarded-for': '10.0.0.1' }, { 'x-http-method-override': 'DELETE' }, { cookie: 'x' }];
      const queries = [[['apikey', 'x']], [['Authorization', 'Bearer x']]];
      return outcomes([...headers.map((each) => raw({ headers: each })), ...queries.map((query) => raw({ query }))]);
    }`,
  returns: ['DENIED'],
};
