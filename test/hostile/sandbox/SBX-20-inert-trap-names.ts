import type { Attack } from '../harness/attack.ts';

/** vm2, attack category 14: handlers of proxies inherit their traps from `Object.prototype`. Also names of property descriptors. */
export const attack: Attack = {
  claim:
    'names of traps, of descriptors and of options on `Object.prototype` hand nothing of the prelude to the script',
  script: `
    export async function main(t) {
      const { call, log } = $cloister;
      const seen = [];
      const names = ['has', 'get', 'set', 'apply', 'construct', 'getPrototypeOf', 'ownKeys', 'defineProperty', 'deleteProperty', 'next', 'done', 'handleEvent', 'signal', 'cause'];
      for (const name of names) Object.prototype[name] = function (...args) { seen.push(name); return undefined; };
      const out = [];
      for (const key of ['value', 'writable', 'enumerable', 'configurable']) {
        Object.defineProperty(Object.prototype, key, { __proto__: null, get() { return undefined; }, set() {}, configurable: true });
        out.push((await call('probe.echo', [key]))[0]);
        delete Object.prototype[key];
      }
      log('info', 'x', {});
      for (const name of names) delete Object.prototype[name];
      return [out, seen];
    }`,
  returns: [['value', 'writable', 'enumerable', 'configurable'], []],
};
