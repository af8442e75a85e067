import type { Attack } from '../harness/attack.ts';

/** isolated-vm's own tests/heap-limit-array-spread.js. */
export const attack: Attack = {
  claim: 'the spread of a string of 100 MB is ended with SCRIPT_MEMORY',
  limits: { heapMb: 64, cpuMs: 5_000, wallMs: 10_000 },
  script: "export async function main() { return [...'.'.repeat(1e8)].length; }",
  fails: ['SCRIPT_MEMORY'],
};
