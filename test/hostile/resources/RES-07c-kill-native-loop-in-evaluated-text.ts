import type { Attack } from '../harness/attack.ts';

/** The second isolate of a run, for data that is code. */
export const attack: Attack = {
  claim: 'a loop inside a native of evaluated text is ended with its process',
  limits: { cpuMs: 400, wallMs: 1_000 },
  script: `
    import { evaluate } from 'cloister';
    export async function main() { return evaluate('Array.prototype.lastIndexOf.call({ length: 2 ** 53 - 1 }, 1)').catch((error) => error.code); }`,
  fails: ['SCRIPT_CPU', 'SCRIPT_WALL'],
  cell: ['stuck'],
};
