import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';

const REASONS = [
  "new Error('Script execution timed out.')",
  "new Error('Isolate was disposed during execution due to memory limit')",
  'null',
  '{ __proto__: null }',
  'Symbol()',
  '(() => { const error = new Error(); error.name = Symbol(); return error; })()',
];

/** vm2, GHSA-hw58-p9xv-2mjh: a rejection that nobody handles ended the process of the host. isolated-vm hands on its reason. */
export const attack: Attack = {
  claim: 'a rejection that nobody handles ends its run with SCRIPT_ERROR, whatever its text, and never the cell',
  act: async ({ script, events, sandbox }) => {
    const cells = () => sandbox.stats().cells.map(({ pid }) => pid);
    const before = cells();
    for (const reason of REASONS) {
      const outcome = await script(`export async function main() {
        Promise.reject(${reason});
        await new Promise((resolve) => setTimeout(resolve, 20));
      }`);
      assert.is(outcome.ok || outcome.code, 'SCRIPT_ERROR', reason);
    }
    assert.equal(cells(), before);
    assert.equal(events, []);
  },
};
