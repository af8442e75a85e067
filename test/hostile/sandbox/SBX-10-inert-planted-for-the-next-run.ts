import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';

const PLANT = `
  let count = 0;
  export async function main() {
    globalThis.planted = 1;
    for (const prototype of [Object, Array, Function, Promise, Error, String].map((each) => each.prototype)) prototype.planted = 1;
    Array.prototype[0] = 'planted';
    Promise.prototype.then = JSON.parse = JSON.stringify = Object.defineProperty = () => 'planted';
    Error.prepareStackTrace = () => 'planted';
    globalThis.$start = globalThis.$cloister = () => 'planted';
    /(planted)/.exec('planted');
    return ++count;
  }`;

const LOOK = `
  let count = 0;
  export async function main() {
    const planted = [globalThis, {}, [], () => 0, Promise.resolve(), new Error(), ''].filter((each) => each.planted !== undefined);
    return [planted.length, [][0] ?? null, ++count, typeof Error.prepareStackTrace, RegExp.$1, typeof $start, JSON.stringify([new Error('x').stack.includes('planted')])];
  }`;

/** One cell, one run after the other: each has an isolate that nobody used before. */
export const attack: Attack = {
  claim: 'nothing that one run plants is there in the next run of the same cell',
  act: async ({ script, sandbox }) => {
    const cells = () => sandbox.stats().cells.map(({ pid }) => pid);
    const before = cells();
    for (let i = 0; i < 2; i++) assert.ok(await script(PLANT));
    for (let i = 0; i < 2; i++) {
      const outcome = await script(LOOK);
      assert.equal(outcome.ok && outcome.output, [0, null, 1, 'undefined', '', 'undefined', '[false]']);
    }
    assert.equal(cells(), before);
  },
};
