import type { Attack } from '../harness/attack.ts';

export const attack: Attack = {
  claim: 'a result of 500 MB is RESULT_TOO_LARGE, decided inside the isolate',
  script: "export async function main() { return { a: ['x'.repeat(5e8)] }; }",
  fails: ['RESULT_TOO_LARGE'],
  cell: 'lives',
};
