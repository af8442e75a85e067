import type { Attack } from '../harness/attack.ts';

/** Each entry is far below any timeout: only the sum of the CPU time shows it. */
export const attack: Attack = {
  claim: 'a script that uses 3 ms in each of many entries is ended by its CPU time, and its cell lives',
  limits: { cpuMs: 200, wallMs: 1_500 },
  script: `
    export async function main() {
      for (;;) {
        for (const until = Date.now() + 3; Date.now() < until; );
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    }`,
  fails: ['SCRIPT_CPU'],
  cell: 'lives',
};
