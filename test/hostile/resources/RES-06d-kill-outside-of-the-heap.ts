import type { Attack } from '../harness/attack.ts';

/** What grows below V8's limit counts for the process: its line is drawn at three quarters of its cap. */
export const attack: Attack = {
  claim: 'a script that takes its cell over the line of its process is ended from outside',
  limits: { heapMb: 96, rssMb: 150, cpuMs: 5_000, wallMs: 10_000 },
  script: `
    export async function main() {
      const kept = [];
      for (let i = 0; i < 80; i++) { kept.push(new Uint8Array(1e6).fill(i)); await new Promise((resolve) => setTimeout(resolve, 5)); }
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      return kept.length;
    }`,
  fails: ['SCRIPT_MEMORY'],
  cell: ['memory', 'kernel'],
};
