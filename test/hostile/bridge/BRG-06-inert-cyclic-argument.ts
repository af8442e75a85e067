import type { Attack } from '../harness/attack.ts';

export const attack: Attack = {
  claim: 'a cyclic argument is BAD_ARGUMENT, also behind a getter or a proxy that never ends in itself',
  script: `
    export async function main() {
      const cycle = { a: [] }; cycle.a.push(cycle);
      const list = []; list[0] = list;
      const two = { a: {} }; two.a.b = two;
      return Promise.all([cycle, list, two, { deep: { er: two } }].map((value) => $cloister.call('probe.echo', value).catch((error) => error.code)));
    }`,
  returns: Array(4).fill('BAD_ARGUMENT'),
};
