import type { Attack } from '../harness/attack.ts';

/** Measured: a rope costs nothing inside, and 1.5 GB and 3 s of the event loop when it crosses. */
export const attack: Attack = {
  claim: 'a string of 500 MB, anywhere in an argument, is refused by its length inside the isolate',
  limits: { cpuMs: 4_000, wallMs: 15_000 },
  script: `
    export async function main() {
      const rope = 'x'.repeat(5e8);
      const values = [rope, { a: { b: rope } }, [1, rope], { toJSON: () => rope }, Object(rope), { get a() { return rope; } }, Object.assign(Object(rope), { toString: () => rope, toJSON: undefined })];
      return Promise.all(values.map((value) => $cloister.call('probe.echo', value).then(() => 'accepted', (error) => error.code)));
    }`,
  returns: Array(7).fill('TOO_LARGE'),
};
