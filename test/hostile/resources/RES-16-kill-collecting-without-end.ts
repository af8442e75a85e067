import type { Attack } from '../harness/attack.ts';

/** isolated-vm's own tests/neverending-gc.js: near its limit a heap is collected again and again. */
export const attack: Attack = {
  claim: 'a heap that is kept just below its limit is ended by CPU time or memory',
  limits: { heapMb: 32, cpuMs: 600, wallMs: 6_000 },
  script: `
    export async function main() {
      const kept = [];
      for (let i = 0; ; i++) {
        kept.push('x' + Math.random() + i);
        if (kept.length > 3e5) kept.splice(0, 1e3);
      }
    }`,
  fails: ['SCRIPT_MEMORY', 'SCRIPT_CPU'],
};
