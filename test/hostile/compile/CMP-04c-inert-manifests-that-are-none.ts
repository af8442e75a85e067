import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';
import { buildEach, faultsOf, MAIN, type Packages } from './parts/build.ts';

const DEEP = `${'{"default":'.repeat(20_000)}"./i.js"${'}'.repeat(20_000)}`;

/** Each of these gives the package's own file or a refusal; the process that builds lives on. */
const MANIFESTS = [
  'no JSON',
  'null',
  '[]',
  '42',
  '{"__proto__":{"main":"/etc/passwd"},"main":"i.js"}',
  '{"main":{"toString":1},"exports":null,"browser":[],"imports":7,"sideEffects":{}}',
  '{"browser":{"__proto__":"/etc/passwd","constructor":"/etc/passwd"},"main":"i.js"}',
  '{"exports":{"__proto__":"./i.js","constructor":{"prototype":"./i.js"}}}',
  `{"exports":${DEEP}}`,
  `{"exports":{"./${'*'.repeat(10_000)}":"./${'*'.repeat(10_000)}"}}`,
  '{"sideEffects":false,"main":"i.js"}',
];

export const attack: Attack = {
  claim: 'a package.json that is none, or of absurd shape, is a problem of the project at worst',
  act: async (world) => {
    const packages: Packages = Object.fromEntries(
      MANIFESTS.map((manifest, n) => [`p${n}`, { 'package.json': manifest, 'i.js': 'globalThis.x = 1;' }]),
    );
    const sources = [...MANIFESTS.map((_, n) => `import 'p${n}';\n${MAIN}`), MAIN];
    const outcomes = await buildEach(world, sources, {}, packages);
    for (const fault of outcomes.flatMap(faultsOf)) {
      assert.match(fault, /^(IMPORT_UNKNOWN|BUILD_FAILED) activities\/\d+\.ts:1 (?!a build)/);
    }
    assert.ok(outcomes.at(-1)?.ok);
  },
};
