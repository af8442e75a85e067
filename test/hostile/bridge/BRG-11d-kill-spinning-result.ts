import type { Attack } from '../harness/attack.ts';

export const attack: Attack = {
  claim: 'a result that spins as a thenable, a getter or a toJSON is ended inside the isolate, and its cell lives',
  limits: { cpuMs: 200 },
  script: 'export async function main() { return { get a() { return { toJSON() { for (;;); } }; } }; }',
  fails: ['SCRIPT_CPU'],
  cell: 'lives',
};
