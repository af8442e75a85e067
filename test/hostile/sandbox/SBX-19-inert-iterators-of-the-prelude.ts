import type { Attack } from '../harness/attack.ts';

/** Figma's second breach (realms-shim#51): a spread in the sandbox's own code ran the script's iterator over its internals. */
export const attack: Attack = {
  claim: 'iterators and array methods of the script see nothing of the bridge, the timers or the log',
  script: `
    export async function main() {
      const { call, log } = $cloister;
      const seen = [];
      const spy = (name) => function () { seen[seen.length] = typeof name; throw new Error('caught'); };
      const wait = setTimeout, native = Promise;
      const { defineProperty, getOwnPropertyDescriptor, getPrototypeOf } = Object, keysOf = Reflect.ownKeys;
      const prototypes = [Array.prototype, Map.prototype, Set.prototype, String.prototype, getPrototypeOf([][Symbol.iterator]())];
      for (let i = 0; i < prototypes.length; i++) {
        for (let keys = keysOf(prototypes[i]), k = 0; k < keys.length; k++) {
          if (keys[k] === 'constructor' || typeof getOwnPropertyDescriptor(prototypes[i], keys[k]).value !== 'function') continue;
          defineProperty(prototypes[i], keys[k], { value: spy(keys[k]), configurable: true });
        }
      }
      const answer = await call('probe.echo', { a: [1, 2] });
      log('info', 'x', { a: [1] });
      await new native((resolve) => wait(resolve, 1));
      const error = await call('probe.fail', 1).catch((each) => each);
      return { answer, code: error.code, seen };
    }`,
  returns: { answer: { a: [1, 2] }, code: 'FAILED', seen: [] },
};
