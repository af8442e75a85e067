import type { Attack } from '../harness/attack.ts';

export const attack: Attack = {
  claim: 'buffers without end are ended with SCRIPT_MEMORY',
  limits: { heapMb: 64, cpuMs: 5_000, wallMs: 10_000 },
  script: 'export async function main() { const kept = []; for (;;) kept.push(new Uint8Array(1e6).fill(1)); }',
  fails: ['SCRIPT_MEMORY'],
};
