import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';
import { buildEach, faultsOf } from './parts/build.ts';

/** A comment of a file chooses the module that its JSX is made of; that import is an import like any other. */
export const attack: Attack = {
  claim: 'a JSX comment imports nothing that an import could not',
  act: async (world) => {
    const names = [world.canaries.file, '../../../etc', 'react', 'node:fs', 'data:text/javascript,1//'];
    const pages = names.map(
      (name) => `/** @jsxRuntime automatic @jsxImportSource ${name} */\nexport const main = () => <a/>;`,
    );
    const files = Object.fromEntries(pages.map((page, n) => [`activities/x${n}.tsx`, page]));
    const outcomes = await buildEach(
      world,
      names.map((_, n) => `export * from './x${n}.tsx';`),
      files,
    );
    for (const outcome of outcomes)
      assert.match(faultsOf(outcome).join('\n'), /^IMPORT_UNKNOWN activities\/x\d\.tsx:2 import /);
  },
};
