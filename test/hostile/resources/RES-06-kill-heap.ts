import type { Attack } from '../harness/attack.ts';

export const attack: Attack = {
  claim: 'a heap that grows without end is ended with SCRIPT_MEMORY',
  limits: { heapMb: 32, cpuMs: 5_000, wallMs: 10_000 },
  script: 'export async function main() { const kept = []; for (;;) kept.push(new Array(1_000).fill(1.5)); }',
  fails: ['SCRIPT_MEMORY'],
};
