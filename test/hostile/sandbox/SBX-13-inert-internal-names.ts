import type { Attack } from '../harness/attack.ts';

/** vm2, GHSA-2cm2-m3w5-gp2f: the sandbox's own state stood on the global object, found by a computed name. */
export const attack: Attack = {
  claim: 'no part of the prelude has a name, on the global object or beside it',
  script: `
    const early = [typeof $start, '$start' in globalThis, Object.getOwnPropertyDescriptor(globalThis, '$start')];
    export async function main() {
      const names = ['$start', '$doors', '$exports', '$cloister', '$0', '$1', 'install', 'post', 'bridge', 'doors', 'core', 'settings', 'exports'];
      const known = names.filter((name) => (0, eval)('typeof ' + name) !== 'undefined' || Reflect.has(globalThis, name));
      const odd = Reflect.ownKeys(globalThis).filter((key) => typeof key === 'string' && (key.startsWith('$') || key.startsWith('_')));
      return [early, known, odd];
    }`,
  returns: [['undefined', false, null], [], []],
};
