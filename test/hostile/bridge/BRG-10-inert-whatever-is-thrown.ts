import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';

const THROWN = [
  'undefined',
  'null',
  '42',
  '"s"',
  '{}',
  '[]',
  '0n',
  'Symbol("q")',
  '() => 1',
  'Object.create(null)',
  '{ __proto__: null, message: { toString() { throw 1; } } }',
  'new Proxy({}, { get() { throw 1; }, getPrototypeOf() { throw 1; } })',
  '{ message: 1n, stack: Symbol() }',
  '{ code: "SCRIPT_MEMORY", message: "forged" }',
  'new (class extends Error { get name() { throw 1; } })("x")',
  'globalThis',
];

/** What is no Error, or is one that lies. */
export const attack: Attack = {
  claim: 'whatever is thrown or rejected with, by main or at the top of the module, is SCRIPT_ERROR with a short text',
  act: async ({ script, unbuilt }) => {
    for (const thrown of THROWN) {
      const ways = [
        await script(`export async function main() { throw (${thrown}); }`),
        await script(`export function main() { throw (${thrown}); }`),
        await script(`export function main() { return Promise.reject(${thrown}); }`),
        await unbuilt(`throw (${thrown}); async function main() {}`),
        await script(
          `export async function main() { await new Promise(() => setTimeout(() => { throw (${thrown}); }, 1)); }`,
        ),
      ];
      for (const outcome of ways) {
        assert.is(outcome.ok || outcome.code, 'SCRIPT_ERROR', thrown);
        assert.ok(!outcome.ok && outcome.message.length <= 2_048, thrown);
      }
    }
  },
};
