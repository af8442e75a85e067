import type { Attack } from '../harness/attack.ts';

/** Cloudflare's security model of Workers: nothing may tell time finely enough to see the cache of the processor. */
export const attack: Attack = {
  claim: 'no clock that a script has is finer than a millisecond',
  limits: { cpuMs: 3_000 },
  script: `
    export async function main() {
      const absent = ['performance', 'Temporal', 'SharedArrayBuffer', 'Atomics', 'Worker', 'requestAnimationFrame', 'setImmediate'].filter((name) => name in globalThis);
      const clocks = { now: Date.now, date: () => new Date().getTime(), plain: () => Number(new Date()), text: () => Date.parse(new Date().toISOString()),
        parts: () => Number(new Intl.DateTimeFormat('en', { fractionalSecondDigits: 3 }).format()) };
      const fine = Object.entries(clocks).filter(([, read]) => {
        const seen = new Set();
        for (let i = 0; i < 2_000; i++) seen.add(read());
        return [...seen].some((value) => value % 1 !== 0);
      });
      const began = Date.now();
      for (let i = 0; i < 5; i++) await new Promise((resolve) => setTimeout(resolve, 0.001));
      return [absent, fine.map(([name]) => name), Date.now() - began >= 4];
    }`,
  returns: [[], [], true],
};
