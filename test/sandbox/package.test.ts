import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { BuildRequest, PackageFiles } from '../../sandbox/index.ts';
import { openRig, outputOf } from './rig.ts';

const test = suite('packages of a project');
const rig = openRig();

test.after(() => rig.sandbox.close());

/** Installed packages by `name` or `owner>name`, as nested node_modules have them. */
function installed(packages: Record<string, Record<string, string>>): Partial<BuildRequest> {
  const readPackage = async (name: string, from: string | null): Promise<PackageFiles | null> => {
    const key = from !== null && packages[`${from}>${name}`] ? `${from}>${name}` : name;
    const files = packages[key];
    return files ? { key, files: new Map(Object.entries(files)) } : null;
  };
  const names = Object.keys(packages).filter((name) => !name.includes('>'));
  return { packages: new Set(names), readPackage };
}

const manifest = (more: object): string => JSON.stringify({ name: 'x', version: '1.0.0', ...more });

test('exports, imports, module, main, browser, scopes, subpaths and nested copies resolve as in a browser', async () => {
  const packages = installed({
    modern: {
      'package.json': manifest({
        exports: { '.': { node: './node.js', browser: './web.js', default: './other.js' }, './sub/*': './lib/*.js' },
        imports: { '#own': './own.js' },
        type: 'module',
      }),
      'node.js': "import 'node:fs'; export default 'node';",
      'web.js': "import own from '#own'; import { depth } from 'dep'; export default 'web ' + own + ' ' + depth;",
      'own.js': "export default 'own';",
      'lib/deep.js': "export const deep = 'deep';",
      'secret.js': 'export default 1;',
    },
    'modern>dep': { 'package.json': manifest({ main: 'index.js' }), 'index.js': "exports.depth = 'nested';" },
    dep: { 'package.json': manifest({ module: './es.js', main: './cjs.js' }), 'es.js': "export const depth = 'top';" },
    '@scope/old': {
      'package.json': manifest({ main: './lib', browser: { './lib/node.js': './lib/web.js', fs: false } }),
      'lib/index.js':
        "var fs = require('fs'); module.exports = { kind: require('./node'), data: require('../data.json'), fs: Object.keys(fs).length };",
      'lib/node.js': "module.exports = require('net');",
      'lib/web.js': "module.exports = 'web';",
      'data.json': '[1]',
    },
  });
  const source = `import modern from 'modern';
import { deep } from 'modern/sub/deep';
import { depth } from 'dep';
import old from '@scope/old';
export const main = async () => [modern, deep, depth, old];`;
  const built = await rig.build({ 'activities/a.ts': source }, packages);
  assert.ok(built.ok, JSON.stringify(built));
  if (!built.ok) return;
  assert.equal(outputOf(await rig.runBundle(built.bundle)), [
    'web own nested',
    'deep',
    'top',
    { kind: 'web', data: [1], fs: 0 },
  ]);
  assert.equal(built.inputs, ['activities/a.ts']);
});

test('a package that is unlisted, not installed, native, or does not export the path is IMPORT_UNKNOWN', async () => {
  const packages = installed({
    native: { 'package.json': manifest({}), 'index.js': 'module.exports = 1;', 'binding.gyp': '{}' },
    prebuilt: { 'package.json': manifest({}), 'index.js': 'module.exports = 1;', 'prebuilds/linux/x.node': '' },
    closed: { 'package.json': manifest({ exports: './index.js' }), 'index.js': '', 'secret.js': '' },
  });
  const source = `import a from 'native';
import b from 'prebuilt';
import c from 'closed/secret.js';
import d from 'listed-only';
import e from 'unlisted';
export const main = async () => [a, b, c, d, e];`;
  const outcome = await rig.build(
    { 'activities/a.ts': source },
    { ...packages, packages: new Set(['native', 'prebuilt', 'closed', 'listed-only']) },
  );
  assert.not.ok(outcome.ok);
  if (outcome.ok) return;
  assert.equal(
    outcome.problems.map((problem) => [problem.line, problem.code, problem.expected]),
    [
      [1, 'IMPORT_UNKNOWN', 'a package without native code'],
      [2, 'IMPORT_UNKNOWN', 'a package without native code'],
      [3, 'IMPORT_UNKNOWN', 'a file that package closed exports'],
      [4, 'IMPORT_UNKNOWN', 'a package that is installed'],
      [5, 'IMPORT_UNKNOWN', 'a package that package.json lists, a built-in activity or "cloister"'],
    ],
  );
});

test('a package that needs a module of Node is refused with the file of the package', async () => {
  const packages = installed({
    'uses-node': { 'package.json': manifest({}), 'index.js': "const fs = require('fs');\nmodule.exports = fs;" },
  });
  const outcome = await rig.build(
    { 'activities/a.ts': "import x from 'uses-node';\nexport const main = async () => x;" },
    packages,
  );
  assert.not.ok(outcome.ok);
  if (outcome.ok) return;
  const [problem] = outcome.problems;
  assert.equal(
    [problem?.code, problem?.file, problem?.line, problem?.found],
    ['IMPORT_UNKNOWN', 'node_modules/uses-node/index.js', 1, 'require "fs"'],
  );
  assert.match(problem?.expected ?? '', /package uses-node, index\.js/);
});

test('a package cannot reach out of itself, nor a manifest lead there', async () => {
  const packages = installed({
    climber: {
      'package.json': manifest({ main: '../../../../etc/passwd' }),
      'a.js': "module.exports = require('../other/index.js');",
    },
    other: { 'package.json': manifest({}), 'index.js': 'module.exports = 1;' },
  });
  const outcome = await rig.build(
    {
      'activities/a.ts':
        "import a from 'climber';\nimport b from 'climber/a.js';\nexport const main = async () => [a, b];",
    },
    packages,
  );
  assert.not.ok(outcome.ok);
  if (!outcome.ok) assert.equal(new Set(outcome.problems.map((problem) => problem.code)), new Set(['IMPORT_UNKNOWN']));
});

test.run();
