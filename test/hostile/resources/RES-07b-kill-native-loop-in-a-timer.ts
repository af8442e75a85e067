import type { Attack } from '../harness/attack.ts';

export const attack: Attack = {
  claim: 'a loop inside a native, after a call and in a timer, is ended with its process',
  limits: { cpuMs: 150 },
  script: `
    export async function main() {
      await $cloister.call('probe.echo', 1);
      await new Promise(() => setTimeout(() => Array.prototype.includes.call({ length: 2 ** 53 - 1 }, 1), 1));
    }`,
  fails: ['SCRIPT_CPU'],
  cell: ['stuck'],
};
