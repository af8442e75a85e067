import type { Attack } from '../harness/attack.ts';

export const attack: Attack = {
  claim: 'a script that would take its cell over the cap of its process is ended before or there',
  limits: { heapMb: 256, rssMb: 150, cpuMs: 5_000, wallMs: 10_000 },
  script: `
    export async function main() {
      const kept = [];
      for (let i = 0; i < 200; i++) { kept.push(new Uint8Array(1e6).fill(i)); if (i % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 5)); }
      await new Promise((resolve) => setTimeout(resolve, 500));
      return kept.length;
    }`,
  fails: ['SCRIPT_MEMORY'],
  cell: ['memory', 'kernel'],
};
