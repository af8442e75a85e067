import type { Attack } from '../harness/attack.ts';

/** vm2, GHSA-9qj6-qjgg-37qq and GHSA-q3fm-4wcw-g57x: an index setter on `Array.prototype` saw what the bridge keeps. */
export const attack: Attack = {
  claim: 'setters on the prototypes of arrays and objects see no call that waits, no timer and no answer',
  script: `
    export async function main() {
      const seen = [];
      const keys = [...Array.from({ length: 60 }, (_, i) => String(i)), 'next', 'id', 'resolve', 'reject', 'method', 'args', 'text', 'fault', 'why', 'code', 'message', 'stack', 'callback', 'wait', 'repeats', 'due', 'err', 'thrownCode'];
      for (const prototype of [Object.prototype, Array.prototype, Error.prototype, Promise.prototype]) {
        for (const key of keys) Object.defineProperty(prototype, key, { set(value) { seen.push(key); }, get() { return undefined; }, configurable: true });
      }
      const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
      const all = (many) => new Promise((resolve) => { let left = 30; for (let i = 0; i < 30; i++) many(i).then(() => --left || resolve(), () => --left || resolve()); });
      await all((i) => $cloister.call('probe.echo', null));
      await all((i) => $cloister.call('probe.fail', null));
      await all((i) => wait(i % 3));
      $cloister.log('info', 'x', null);
      return seen.length;
    }`,
  returns: 0,
};
