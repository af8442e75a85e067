import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';
import { build, faultsOf, MAIN, mustBuild } from './parts/build.ts';

const CONFIG = (file: string) =>
  JSON.stringify({
    extends: [file, '../../..', '/etc/hosts'],
    compilerOptions: {
      baseUrl: '/',
      paths: { '*': ['/etc/*'], 'lib/*': ['./lib/*'] },
      jsxImportSource: '/etc',
      strict: false,
    },
    references: [{ path: '/etc' }],
  });

export const attack: Attack = {
  claim: 'a tsconfig.json of the project or of a package configures nothing and is not read',
  act: async (world) => {
    const config = CONFIG(world.canaries.file);
    const files = {
      'tsconfig.json': config,
      'activities/tsconfig.json': config,
      'jsconfig.json': config,
      'lib/x.ts': MAIN,
    };
    const packages = {
      pkg: { 'package.json': '{"main":"i.js"}', 'i.js': 'export const x = 1;', 'tsconfig.json': config },
    };
    const source = `import { x } from 'pkg';\n${MAIN}console.log(x);`;
    const plain = await mustBuild(world, { 'activities/a.ts': source }, packages);
    assert.is(await mustBuild(world, { ...files, 'activities/a.ts': source }, packages), plain);
    for (const name of ['lib/x', 'passwd', 'etc/passwd']) {
      const faults = faultsOf(await build(world, { ...files, 'activities/a.ts': `import '${name}';\n${MAIN}` }));
      assert.equal(faults, [`IMPORT_UNKNOWN activities/a.ts:1 import "${name}"`]);
    }
  },
};
