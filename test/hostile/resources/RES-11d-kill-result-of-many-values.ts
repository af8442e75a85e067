import type { Attack } from '../harness/attack.ts';

/** Every further reader of it would be held: the host, Temporal's worker, the activities that take it as their params. */
export const attack: Attack = {
  claim: 'a result of more than 100,000 values is RESULT_TOO_LARGE however short its text is',
  limits: { cpuMs: 6_000, wallMs: 8_000 },
  script: 'export async function main() { return new Array(300_000).fill([]); }',
  fails: ['RESULT_TOO_LARGE'],
  cell: 'lives',
};
