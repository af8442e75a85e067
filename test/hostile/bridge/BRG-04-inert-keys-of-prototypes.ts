import type { Attack } from '../harness/attack.ts';

/** Own keys `__proto__` and `constructor` survive copies, and pollute where somebody merges them (measured). */
export const attack: Attack = {
  claim: 'arguments with keys that lead to prototypes are refused, at any depth',
  script: `
    export async function main() {
      const texts = ['{"__proto__":{"admin":true}}', '{"constructor":{"prototype":{"admin":true}}}', '{"prototype":1}', '[[[{"a":{"__proto__":1}}]]]', '{"\\\\u005f_proto__":1}', '{"a":[{"constructor":1}]}'];
      const made = [Object.defineProperty({}, '__proto__', { value: 1, enumerable: true }), { ['constructor']: 1 }, { toJSON: () => JSON.parse('{"__proto__":1}') }];
      return Promise.all([...texts.map(JSON.parse), ...made].map((value) => $cloister.call('probe.echo', value).then(() => 'accepted', (error) => error.code)));
    }`,
  returns: Array(9).fill('BAD_ARGUMENT'),
  after: ({ probe }) => {
    if (probe.calls.length > 0 || Reflect.get({}, 'admin') !== undefined) throw new Error('it reached a capability');
  },
};
