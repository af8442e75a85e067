import type { Attack } from '../harness/attack.ts';

export const attack: Attack = {
  claim: 'an endless loop inside a native that calls back (sort, replace, reduce, from) is ended',
  limits: { cpuMs: 150 },
  script:
    "export async function main() { [3, 1, 2].toSorted(() => 'x'.replace(/x/, () => Array.from({ length: 1 }, () => { for (;;); }))); }",
  fails: ['SCRIPT_CPU'],
  cell: 'lives',
};
