// Names with a variable part are looked for in folders of the disk, past every plugin: evanw/esbuild#3317.
import { readdirSync } from 'node:fs';
import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';
import { buildEach, faultsOf } from './parts/build.ts';

const ROOTS = ['./', '../', '../../../../../../etc/', '/etc/', 'file:///etc/', '/proc/self/', ''];

export const attack: Attack = {
  claim: 'an import of a computed name lists no folder, of the host or of the project',
  act: async (world) => {
    const sources = ROOTS.flatMap((root) => [
      `export const main = (n) => import(\`${root}\${n}\`);`,
      `export const main = (n) => import(\`${root}\${n}.ts\`);`,
      `export const main = (n) => import('${root}' + n + '/x');`,
      `export const main = (n) => require(\`${root}\${n}\`);`,
      `export const main = (n) => require('${root}' + n);`,
    ]);
    const outcomes = await buildEach(world, sources, { 'activities/secret-name.ts': 'export {}' });
    for (const [n, outcome] of outcomes.entries()) {
      const text = outcome.ok ? outcome.bundle.code : faultsOf(outcome).join('\n');
      for (const name of [...readdirSync('/etc'), ...readdirSync('.'), 'secret-name']) {
        assert.not(name.length > 5 && text.includes(name), `${sources[n]} shows ${name}`);
      }
    }
    assert.ok(
      outcomes.filter(({ ok }) => !ok).length >= ROOTS.length * 3,
      'import() of a computed name must be refused',
    );
  },
};
