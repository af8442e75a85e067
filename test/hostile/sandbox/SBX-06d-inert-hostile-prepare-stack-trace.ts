import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';

const BODIES = [
  'throw new Error("again")',
  'return frames',
  'return new Proxy({}, { get() { throw 1; } })',
  'return { toString() { return "at f (bundle:1:1)"; } }',
  'return 7n',
];

/** The hook runs when the cell asks for the text of the error that ends the run. */
export const attack: Attack = {
  claim: 'a hook on stacks changes nothing of how a failed run ends',
  act: async ({ script }) => {
    for (const body of BODIES) {
      const outcome = await script(`export async function main() {
        Error.prepareStackTrace = (error, frames) => { ${body}; };
        Error.stackTraceLimit = Infinity;
        throw new Error('mine');
      }`);
      assert.is(outcome.ok || `${outcome.code} ${outcome.message}`, 'SCRIPT_ERROR mine', body);
      if (!outcome.ok) assert.not.match(outcome.stack ?? '', /prelude|node:|file:/);
    }
  },
};
