import type { Attack } from '../harness/attack.ts';

/** Found by an attack: a text that does not end was charged when it ended, so ten of them burnt until the wall limit. */
export const attack: Attack = {
  claim:
    'loops inside a native of ten evaluated texts are ended by the CPU time of their run, long before its wall limit',
  limits: { cpuMs: 300, wallMs: 10_000 },
  script: `
    import { evaluate } from 'cloister';
    export async function main() {
      const endless = () => evaluate('Array.prototype.lastIndexOf.call({ length: 2 ** 53 - 1 }, 1)').catch((error) => error.code);
      return Promise.all(Array.from({ length: 10 }, endless));
    }`,
  fails: ['SCRIPT_CPU'],
  cell: ['stuck'],
};
