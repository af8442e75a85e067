import type { Attack } from '../harness/attack.ts';

export const attack: Attack = {
  claim: 'a result a million levels deep ends the run with TOO_DEEP',
  limits: { cpuMs: 4_000, wallMs: 15_000 },
  script: 'export async function main() { let list = []; for (let i = 0; i < 1e6; i++) list = [list]; return list; }',
  fails: ['TOO_DEEP'],
};
