import type { Attack } from '../harness/attack.ts';

/** Measured in a naive host: isolated-vm reads options by way of the prototype, and answers came as live references. */
export const attack: Attack = {
  claim: 'options planted on `Object.prototype`, as values or getters, change nothing of an answer',
  script: `
    export async function main() {
      const odd = [], names = ['reference', 'externalCopy', 'copy', 'promise', 'timeout', 'ignored', 'result', 'arguments', 'transferIn', 'transferOut', 'unsafeInherit', 'accessors', 'global', 'release', 'async', 'sync'];
      for (const name of names) {
        for (const plant of [{ value: true }, { value: 1 }, { get() { return true; } }, { get() { throw new Error('planted'); } }]) {
          Object.defineProperty(Object.prototype, name, { ...plant, configurable: true });
          const answer = await $cloister.call('probe.echo', { id: 'x' }).catch((error) => error);
          delete Object.prototype[name];
          if (JSON.stringify(answer) !== '{"id":"x"}' || Object.getPrototypeOf(answer) !== Object.prototype) odd.push(name);
        }
      }
      return odd;
    }`,
  returns: [],
};
