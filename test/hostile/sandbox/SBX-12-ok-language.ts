import type { Attack } from '../harness/attack.ts';

/** Guards against blocking too much: the language. */
export const attack: Attack = {
  claim: 'classes, generators, async, BigInt, Intl, named groups and new methods work',
  script: `
    class A { #x = 1; static made = 0; static { A.made = true; } get x() { return this.#x; } }
    function* numbers() { yield 1; yield* [2, 3]; }
    async function* later() { for (const n of numbers()) yield n; }
    enum Colour { Red = 'red' }
    export async function main(): Promise<unknown> {
      const out: number[] = [];
      for await (const n of later()) out.push(n);
      const { year } = /(?<year>\\d{4})/u.exec('in 2026')!.groups!;
      const tag = (parts: TemplateStringsArray, ...values: unknown[]) => parts.raw.join('|') + values.join();
      return [new A().x, A.made, out, String(2n ** 64n), year, new Intl.NumberFormat('en-US').format(1234.5), [3, 1, 2].toSorted(),
        Object.groupBy([1, 2, 3], (n) => (n % 2 ? 'odd' : 'even')), Colour.Red, new Set([1, 2]).union(new Set([3])).size, tag\`a\${1}b\`,
        structuredClone(new Map([[1, new Date(0)]])).get(1).toISOString(), 'x'.padStart(3, '-'), Array.from({ length: 2 }, (_, i) => i), null ?? 'd'];
    }`,
  returns: [
    1,
    true,
    [1, 2, 3],
    '18446744073709551616',
    '2026',
    '1,234.5',
    [1, 2, 3],
    { odd: [1, 3], even: [2] },
    'red',
    3,
    'a|b1',
    '1970-01-01T00:00:00.000Z',
    '--x',
    [0, 1],
    'd',
  ],
};
