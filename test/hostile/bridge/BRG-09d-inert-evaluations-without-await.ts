import type { Attack } from '../harness/attack.ts';

/** Every evaluation is an isolate of its own, in the same process. */
export const attack: Attack = {
  claim: 'evaluations without await are ten at once, and count as calls',
  limits: { calls: 40, cpuMs: 4_000, wallMs: 9_000 },
  script: `
    import { evaluate } from 'cloister';
    export async function main() {
      const codes = {};
      const count = (code) => { codes[code] = (codes[code] ?? 0) + 1; };
      await Promise.all(Array.from({ length: 200 }, (_, i) => evaluate('a + 1', { a: i }).then(() => count('answered'), (error) => count(error.code))));
      return codes;
    }`,
  returns: { answered: 40, TOO_MANY_CALLS: 160 },
};
