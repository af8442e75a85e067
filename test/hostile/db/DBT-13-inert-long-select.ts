import type { Attack } from '../harness/attack.ts';

/**
 * Found by an attack: names were looked for from each character anew, before the length was judged. 80,000 characters held the
 * host, and with it every tenant, for twelve seconds.
 */
export const attack: Attack = {
  claim: 'a long text in select or order is refused or answered at once, and does not hold the host',
  limits: { cpuMs: 5_000, wallMs: 10_000 },
  script: `
    export async function main() {
      const ask = (key, value) =>
        $cloister.call('db.request', { target: { table: 'notes' }, method: 'GET', query: [[key, value]] }).then((answer) => answer.status, (error) => error.code);
      const texts = ['a'.repeat(900_000), '"'.repeat(900_000), '::text'.repeat(100_000), ' a:'.repeat(200_000), '"a'.repeat(200_000)];
      const long = await Promise.all(texts.flatMap((text) => [ask('select', text), ask('order', text), ask('x.select', text)]));
      const most = await Promise.all(['select', 'order'].map((key) => ask(key, 'a'.repeat(30_000))));
      return [[...new Set(long)], most.every((answer) => typeof answer === 'number' || answer === 'INVALID' || answer === 'BAD_ARGUMENT')];
    }`,
  returns: [['TOO_LARGE'], true],
};
