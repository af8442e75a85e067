import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';

const RUN = `export async function main() {
  const local = 1;
  return [eval('local + 1'), new Function('a', 'return a * 2')(4), (0, eval)('this') === globalThis, eval('let local = 7; local'), local,
    await (async () => {}).constructor('return await 3')(), Function('return typeof process.exit')()];
}`;

/** The documented decision (specification D2): allowed, and inside the realm of the script. */
export const attack: Attack = {
  claim: '`eval` and `new Function` work, inside the realm, the same in every run',
  act: async ({ script }) => {
    for (let i = 0; i < 3; i++) {
      const outcome = await script(RUN);
      assert.equal(outcome.ok && outcome.output, [2, 8, true, 7, 1, 3, 'undefined']);
    }
  },
};
