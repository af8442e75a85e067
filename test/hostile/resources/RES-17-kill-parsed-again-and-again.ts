import type { Attack } from '../harness/attack.ts';

/** isolated-vm's own tests/heap-limit-json-abuse.js. */
export const attack: Attack = {
  claim: 'a text that is parsed and kept again and again is ended with SCRIPT_MEMORY',
  limits: { heapMb: 32, cpuMs: 5_000, wallMs: 10_000 },
  script:
    "export async function main() { const text = JSON.stringify(Array(1e5).fill('aa')), kept = []; for (;;) kept.push(JSON.parse(text)); }",
  fails: ['SCRIPT_MEMORY'],
};
