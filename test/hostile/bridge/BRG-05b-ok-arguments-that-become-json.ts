import type { Attack } from '../harness/attack.ts';

/** What has a form in JSON crosses in that form. */
export const attack: Attack = {
  claim: 'getters, proxies, instances, dates, -0, surrogates and holes cross as JSON has them',
  script: `
    export async function main() {
      const values = [{ get a() { return 1; } }, new Proxy({ a: 1 }, {}), new (class { a = 1; #b = 2; })(), new Date(0), new Error('x'), -0, '\\ud800', [undefined, , 1], { u: undefined }, Object('s'), new Uint8Array(2), /x/, undefined, Object.create({ inherited: 1 })];
      return Promise.all(values.map((value) => $cloister.call('probe.echo', value)));
    }`,
  returns: [
    { a: 1 },
    { a: 1 },
    { a: 1 },
    '1970-01-01T00:00:00.000Z',
    {},
    0,
    '\ud800',
    [null, null, 1],
    {},
    's',
    { 0: 0, 1: 0 },
    {},
    null,
    {},
  ],
};
