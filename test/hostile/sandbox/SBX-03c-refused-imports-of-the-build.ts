import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';

/** What the bundler can read it refuses: nothing is left to the run. */
export const attack: Attack = {
  claim: 'an import of Node, of a file or of an address does not build, and no problem shows what the file holds',
  act: async ({ build, targets }) => {
    const names = [
      'fs',
      'node:child_process',
      targets.file,
      `file://${targets.file}`,
      `${targets.allowed}/x.js`,
      'isolated-vm',
    ];
    for (const name of names) {
      for (const text of [
        `import x from '${name}'; export const main = () => x;`,
        `export const main = () => import('${name}');`,
      ]) {
        const outcome = await build({ 'activities/a.ts': text });
        assert.is(outcome.ok, false, text);
        if (!outcome.ok) assert.is(outcome.problems[0]?.code, 'IMPORT_UNKNOWN', text);
      }
    }
  },
};
