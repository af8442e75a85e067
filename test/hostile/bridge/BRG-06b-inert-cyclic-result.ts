import type { Attack } from '../harness/attack.ts';

export const attack: Attack = {
  claim: 'a cyclic result ends the run with RESULT_NOT_JSON',
  script: 'export async function main() { const cycle = { a: [] }; cycle.a.push({ cycle }); return cycle; }',
  fails: ['RESULT_NOT_JSON'],
};
