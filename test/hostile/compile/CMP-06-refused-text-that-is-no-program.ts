import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';
import { buildEach, faultsOf, MAIN } from './parts/build.ts';

const BROKEN = [
  'const x = ;',
  '`open',
  '/* open',
  '"\n"',
  '\0',
  '\ufffd(',
  'class { #x; static { await } }',
  '\\u{110000}',
  '<<<<<<< HEAD',
  'export const x = await 1;',
  'import x from "a" with { type: "json", type: "json" };',
  '/[/',
  '@',
];

export const attack: Attack = {
  claim: 'text that is no program is a problem with file and line; a byte order mark and a line for shells are nothing',
  act: async (world) => {
    const fine = [`\ufeff${MAIN}`, `#!/bin/sh\n${MAIN}`];
    const outcomes = await buildEach(world, [...BROKEN.map((text) => MAIN + text), ...fine]);
    for (const [n, text] of BROKEN.entries()) {
      const [fault] = outcomes[n] ? faultsOf(outcomes[n]) : [];
      assert.match(fault ?? 'a bundle', new RegExp(`^BUILD_FAILED activities/${n}\\.ts:2 (?!a build)`), text);
    }
    assert.equal(
      outcomes.slice(-fine.length).map(({ ok }) => ok),
      [true, true],
    );
  },
};
