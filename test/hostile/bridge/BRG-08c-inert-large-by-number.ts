import type { Attack } from '../harness/attack.ts';

/** Large by many small parts, each of which is short. */
export const attack: Attack = {
  claim: 'an argument of many small parts is TOO_LARGE as soon as its text is',
  limits: { cpuMs: 6_000, wallMs: 8_000 },
  script: `
    export async function main() {
      const many = Array.from({ length: 3e5 }, (_, i) => i);
      const keys = Object.fromEntries(many.slice(0, 1e5).map((i) => ['key-number-' + i, i]));
      const wide = { a: 'x'.repeat(6e5), b: 'y'.repeat(6e5) };
      const escapes = '\\u0001'.repeat(3e5);
      const codes = await Promise.all([many, keys, wide, escapes, 'é'.repeat(6e5)].map((value) => $cloister.call('probe.echo', value).then(() => 'accepted', (error) => error.code)));
      return [codes, await $cloister.call('probe.echo', 'x'.repeat(1e6)).then((text) => text.length)];
    }`,
  returns: [Array(5).fill('TOO_LARGE'), 1_000_000],
};
