import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';

const BAD = [
  '() => 1',
  'Symbol("s")',
  '1n',
  'NaN',
  'new Map()',
  'new Set([1])',
  '{ a: Promise.resolve(1) }',
  '[[-Infinity]]',
  '{ toJSON() { throw 1; } }',
  'new Proxy({}, { ownKeys() { throw 1; } })',
  '{ toJSON: () => Symbol() }',
];

/** The same for what `main` returns. */
export const attack: Attack = {
  claim: 'a result that JSON cannot hold ends the run with RESULT_NOT_JSON, and never with an error of the host',
  act: async ({ script }) => {
    for (const value of BAD) {
      const outcome = await script(`export async function main() { return (${value}); }`);
      assert.is(outcome.ok || outcome.code, 'RESULT_NOT_JSON', value);
    }
  },
};
