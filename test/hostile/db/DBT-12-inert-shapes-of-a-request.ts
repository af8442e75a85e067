import { HEAD } from '../fhir/parts/script.ts';
import type { Attack } from '../harness/attack.ts';

export const attack: Attack = {
  claim: 'arguments of another shape are refused before anything is sent',
  script: `${HEAD}
    export async function main(t) {
      const wrong = [null, [], 'x', {}, { target: null }, { target: { table: 'notes', fn: 'x' } }, { target: { table: ['notes'] } }, { target: { table: 'notes' }, method: 'PUT' }, { target: { table: 'notes' }, method: 'get' }, { target: { table: 'notes' }, method: 'CONNECT' }, { target: { table: 'notes' }, method: 'GET', query: {} }, { target: { table: 'notes' }, method: 'GET', query: [['a', 1]] }, { target: { table: 'notes' }, method: 'POST', query: [], body: {} }];
      return outcomes(wrong.map((args) => $cloister.call('db.request', args)));
    }`,
  returns: ['BAD_ARGUMENT', 'DENIED'],
};
