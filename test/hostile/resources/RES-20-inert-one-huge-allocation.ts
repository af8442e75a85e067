import type { Attack } from '../harness/attack.ts';

/** vm2, GHSA-6785-pvv7-mvg7: one call of a native allocates more than the host has. */
export const attack: Attack = {
  claim: 'one huge allocation is an error of the realm or ends the run, and the cell stays below its cap',
  limits: { heapMb: 64, cpuMs: 3_000, wallMs: 6_000 },
  script: `
    export async function main() {
      const tries = [() => new Uint8Array(2 ** 33), () => new Float64Array(2 ** 31), () => 'x'.padEnd(2 ** 29), () => 'x'.repeat(2 ** 30), () => new Array(2 ** 32), () => Array(2 ** 27).join('xxxx'), () => new ArrayBuffer(2 ** 34), () => Buffer.alloc(1e9), () => crypto.getRandomValues(new Uint8Array(2 ** 31))];
      return tries.map((attempt) => { try { attempt(); return 'done'; } catch (error) { return error instanceof Error; } }).filter((each) => each !== true);
    }`,
  returns: [],
};
