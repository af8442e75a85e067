import type { Attack } from '../harness/attack.ts';

export const attack: Attack = {
  claim: 'an endless loop is ended by its CPU time, and its cell lives',
  limits: { cpuMs: 150 },
  script: 'export async function main() { for (;;); }',
  fails: ['SCRIPT_CPU'],
  cell: 'lives',
};
