import type { Attack } from '../harness/attack.ts';

export const attack: Attack = {
  claim: 'an endless loop at the top of the module, before there is a main, is ended',
  limits: { cpuMs: 150 },
  script: 'class A { static { for (;;); } }\nexport async function main() { return A; }',
  fails: ['SCRIPT_CPU'],
  cell: 'lives',
};
