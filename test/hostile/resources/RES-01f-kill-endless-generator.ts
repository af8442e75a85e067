import type { Attack } from '../harness/attack.ts';

export const attack: Attack = {
  claim: 'an endless generator, spread or counted by a native, is ended',
  limits: { cpuMs: 150 },
  script: 'export async function main() { return (function* () { for (;;) yield 0; })().reduce((sum) => sum); }',
  fails: ['SCRIPT_CPU'],
  cell: 'lives',
};
