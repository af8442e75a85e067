import type { Attack } from '../harness/attack.ts';

export const attack: Attack = {
  claim: 'an array of ten million numbers is RESULT_TOO_LARGE',
  script: 'export async function main() { return new Array(1e7).fill(7); }',
  fails: ['RESULT_TOO_LARGE'],
  cell: 'lives',
};
