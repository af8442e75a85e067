// Names and paths of npm packages led out of the folder of a build: esm-dev/esm.sh#1389, windmill-labs/windmill#9703.
import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';
import type { World } from '../harness/world.ts';
import { buildEach, faultsOf, type Packages } from './parts/build.ts';

export const attack: Attack = {
  claim: 'no field of a package.json leads out of its package',
  act: async (world) => {
    const { file } = world.canaries;
    const outs = [
      `../../../../../../..${file}`,
      file,
      `./../..${file}`,
      `./%2e%2e/..${file}`,
      `.\\..\\..${file}`,
      'fs',
    ];
    const ways = outs.flatMap((out): object[] => [
      { main: out },
      { module: out, main: out },
      { browser: out },
      { browser: { './index.js': out }, main: './index.js' },
      { exports: out },
      { exports: { '.': { import: out, require: out, default: out } } },
      { exports: { './*': `${out}/*` } },
      { exports: { '.': [[out], { default: out }] } },
      { imports: { '#x': out }, main: 'own.js' },
      { browser: { y: out }, main: 'own.js' },
    ]);
    await refuseAll(world, ways);
  },
};

async function refuseAll(world: World, manifests: readonly object[]): Promise<void> {
  const own = "import '#x';\nimport 'y';";
  const packages: Packages = Object.fromEntries(
    manifests.map((manifest, n) => [`p${n}`, { 'package.json': JSON.stringify(manifest), 'own.js': own }]),
  );
  const sources = manifests.map((_, n) => `import 'p${n}';\nexport const main = 1;`);
  const outcomes = await buildEach(world, sources, {}, packages);
  for (const [n, outcome] of outcomes.entries()) {
    assert.match(faultsOf(outcome)[0] ?? 'a bundle', /^IMPORT_UNKNOWN /, JSON.stringify(manifests[n]));
  }
}
