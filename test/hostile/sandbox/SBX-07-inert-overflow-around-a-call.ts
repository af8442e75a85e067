import type { Attack } from '../harness/attack.ts';

/** vm2#197: an overflow just before the bridge makes the bridge itself throw. */
export const attack: Attack = {
  claim: 'a stack overflow in the middle of a call gives a RangeError of the realm, and the bridge goes on',
  limits: { cpuMs: 3_000 },
  script: `
    export async function main() {
      const makers = new Set(), calls = [];
      const dig = () => {
        try { dig(); } catch (error) { makers.add(error.constructor); }
        if (calls.length > 60) return;
        try { calls.push($cloister.call('probe.echo', { a: [1] }).catch((error) => makers.add(error.constructor))); } catch (error) { makers.add(error.constructor); }
      };
      try { dig(); } catch (error) { makers.add(error.constructor); }
      await Promise.all(calls);
      const known = [RangeError, Error, TypeError];
      return [[...makers].filter((each) => !known.includes(each)).length, await $cloister.call('probe.echo', 'still there')];
    }`,
  returns: [0, 'still there'],
};
