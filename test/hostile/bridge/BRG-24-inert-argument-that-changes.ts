import type { Attack } from '../harness/attack.ts';

/** Between the check and the use: an argument that says one thing first and another later (threat model: copy, then judge the copy). */
export const attack: Attack = {
  claim: 'of an argument that changes, the host gets the copy that was judged',
  script: `
    export async function main() {
      let asked = 0;
      const shifty = { get id() { asked++; return asked === 1 ? 'first' : 'later'; } };
      const changed = { id: 'before' };
      const call = $cloister.call('probe.echo', [shifty, changed]);
      changed.id = 'after';
      changed.extra = JSON.parse('{"__proto__":1}');
      const proxy = new Proxy({}, { ownKeys: () => (asked++, ['a']), getOwnPropertyDescriptor: () => ({ value: asked, enumerable: true, configurable: true }), get: (_, key) => (key === 'toJSON' ? undefined : 'got') });
      const answers = await Promise.all([call, $cloister.call('probe.echo', proxy)]);
      return answers;
    }`,
  returns: [[{ id: 'first' }, { id: 'before' }], { a: 'got' }],
};
