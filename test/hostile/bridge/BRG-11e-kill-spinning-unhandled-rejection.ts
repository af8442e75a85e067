import type { Attack } from '../harness/attack.ts';

/** isolated-vm reads the reason of a promise that nobody handled, outside of every time limit: only the process's end stops it. */
export const attack: Attack = {
  claim: 'getters that spin on the reason of an unhandled rejection are ended, with their process if need be',
  limits: { cpuMs: 200 },
  script: `
    export async function main() {
      const error = new Error('x');
      for (const key of ['stack', 'message', 'name', 'constructor']) Object.defineProperty(error, key, { get() { for (;;); } });
      Promise.reject(error);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }`,
  fails: ['SCRIPT_CPU'],
  cell: ['stuck'],
};
