import type { Attack } from '../harness/attack.ts';

export const attack: Attack = {
  claim: 'an endless loop in a timer is ended',
  limits: { cpuMs: 150 },
  script: 'export async function main() { await new Promise(() => setTimeout(() => { for (;;); }, 5)); }',
  fails: ['SCRIPT_CPU'],
  cell: 'lives',
};
