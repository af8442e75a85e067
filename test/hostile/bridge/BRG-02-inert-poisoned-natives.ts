import type { Attack } from '../harness/attack.ts';

/** Every native that a bridge written without care would call. (`then`: see BRG-02d.) */
export const attack: Attack = {
  claim: 'natives that the script has replaced are not called by the bridge, and see nothing of it',
  script: `
    export async function main() {
      const { call, log } = $cloister, native = Promise, set = setTimeout, keysOf = Reflect.ownKeys, define = Object.defineProperty, of = Object.getOwnPropertyDescriptor;
      const seen = [];
      const spy = (name) => function () { seen[seen.length] = name; throw 'poison'; };
      const targets = { JSON, Reflect, Object, Promise, Number, Math, 'Function.prototype': Function.prototype, 'Array.prototype': Array.prototype, 'String.prototype': String.prototype,
        'Map.prototype': Map.prototype, 'Promise.prototype': Promise.prototype, 'Object.prototype': Object.prototype, 'RegExp.prototype': RegExp.prototype, 'Error.prototype': Error.prototype };
      for (const where in targets) {
        for (let keys = keysOf(targets[where]), i = 0; i < keys.length; i++) {
          const key = keys[i], found = of(targets[where], key);
          if (key === 'constructor' || key === 'prototype' || key === 'then' || typeof found.value !== 'function' || !found.configurable) continue;
          define(targets[where], key, { value: spy(where + '.' + (typeof key === 'string' ? key : 'symbol')), configurable: true, writable: true });
        }
      }
      globalThis.Promise = globalThis.Error = globalThis.String = spy('global');
      const answer = await call('probe.echo', { id: 'y', list: [1] });
      log('info', 'text', { a: 1 });
      await new native((resolve) => { set(resolve, 1); });
      let code;
      try { await call('probe.fail', 1); } catch (error) { code = error.code; }
      return { answer, code, seen };
    }`,
  returns: { answer: { id: 'y', list: [1] }, code: 'FAILED', seen: [] },
};
