import type { Attack } from '../harness/attack.ts';

/** Measured: 56,000 calls before a timeout of 500 ms took effect, and 1.8 s of a host that hears nobody. */
export const attack: Attack = {
  claim: 'of 20,000 calls without await 1,000 are made, ten at once, and the others are TOO_MANY_CALLS',
  limits: { cpuMs: 6_000, wallMs: 9_000 },
  script: `
    export async function main() {
      const codes = {};
      const count = (code) => { codes[code] = (codes[code] ?? 0) + 1; };
      const calls = Array.from({ length: 2e4 }, () => $cloister.call('probe.wait', 1).then(() => count('answered'), (error) => count(error.code)));
      await Promise.all(calls);
      return codes;
    }`,
  returns: { answered: 1_000, TOO_MANY_CALLS: 19_000 },
  after: ({ probe }) => {
    if (probe.calls.length !== 1_000 || probe.mostOpen !== 10)
      throw new Error(`${probe.calls.length} calls, ${probe.mostOpen} at once`);
  },
};
