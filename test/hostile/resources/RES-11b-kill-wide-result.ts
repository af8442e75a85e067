import type { Attack } from '../harness/attack.ts';

export const attack: Attack = {
  claim: 'an array of ten million numbers is RESULT_TOO_LARGE',
  limits: { cpuMs: 8_000, wallMs: 20_000 },
  script: 'export async function main() { return new Array(1e7).fill(7); }',
  fails: ['RESULT_TOO_LARGE', 'SCRIPT_MEMORY'],
  cell: 'lives',
};
