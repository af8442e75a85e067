import type { Attack } from '../harness/attack.ts';

/** A method that says one name to the check and another to the call. */
export const attack: Attack = {
  claim: 'the name of a method is read once: what was judged is what is called',
  script: `
    export async function main() {
      let asked = 0;
      const shifty = { toString: () => (asked++ === 0 ? 'probe.who' : 'probe.fail') };
      const array = ['probe.who'];
      array.toString = () => (asked++ % 2 ? 'probe.who' : 'no.such');
      const answers = [await $cloister.call(shifty, {}), await $cloister.call(array, {})];
      return [answers.map(({ tenant }) => tenant), asked];
    }`,
  returns: [['tenant-a', 'tenant-a'], 2],
};
