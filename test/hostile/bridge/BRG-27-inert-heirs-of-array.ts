import type { Attack } from '../harness/attack.ts';

/** Figma's third breach (realms-shim#73): an heir of Array with its own species, where the sandbox expected an array. */
export const attack: Attack = {
  claim: 'heirs of Array and arrays with a species cross as the lists that they are',
  script: `
    export async function main() {
      const made = [];
      class Bad extends Array { constructor(...args) { super(...args); made.push(this); } static get [Symbol.species]() { return function () { made.push('species'); return globalThis; }; } }
      const bad = Bad.from([1, 2]);
      const before = made.length;
      const odd = [3, 4];
      odd.constructor = { [Symbol.species]: function () { made.push('species'); return globalThis; } };
      Object.defineProperty(Array, Symbol.species, { get() { made.push('species'); return Bad; }, configurable: true });
      const answers = [await $cloister.call('probe.echo', bad), await $cloister.call('probe.echo', [odd]), await $cloister.call('probe.echo', { length: 2, 0: 'a' })];
      $cloister.log('info', bad, odd);
      const count = made.length - before;
      return [answers.map((each) => JSON.stringify(each)), count];
    }`,
  returns: [['[1,2]', '[[3,4]]', '{"0":"a","length":2}'], 0],
};
