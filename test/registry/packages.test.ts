/** Dependencies of a project: what is read of node_modules, and how they get there. */
import { cpSync, existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { npmEnvironment } from '../../host/env.ts';
import { installDependencies, RegistryError } from '../../registry/index.ts';
import { packageReader } from '../../registry/packages/read.ts';
import { packPackage } from '../stand/project.ts';
import { Folders, write } from './folder.ts';

const test = suite('dependencies');
const folders = new Folders();
test.after(() => folders.remove());

const PACKAGE = { 'package.json': '{ "name": "a", "main": "a.js" }', 'a.js': 'module.exports = 1;\n' };

function inside(folder: string, files: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(files).map(([path, text]) => [`${folder}/${path}`, text]));
}

test('scripts and JSON of a package are read; its own node_modules and everything else are not', async () => {
  const dir = folders.make(
    inside('node_modules/@scope/a', {
      ...PACKAGE,
      'lib/b.mjs': '',
      'a.d.ts': '',
      'a.js.map': '',
      'README.md': '',
      'node_modules/b/package.json': '{}',
    }),
  );
  const found = await packageReader(dir, new Map())('@scope/a', null);
  assert.equal([...(found?.files.keys() ?? [])].toSorted(), ['a.js', 'lib/b.mjs', 'package.json']);
});

test('a package sees its own copy of another first, then that of the project', async () => {
  const dir = folders.make({
    ...inside('node_modules/a', PACKAGE),
    ...inside('node_modules/a/node_modules/b', { 'package.json': '{ "version": "2.0.0" }' }),
    ...inside('node_modules/b', { 'package.json': '{ "version": "1.0.0" }' }),
  });
  const read = packageReader(dir, new Map());
  const a = await read('a', null);
  const version = async (from: string | null) => (await read('b', from))?.files.get('package.json');
  assert.is(await version(null), '{ "version": "1.0.0" }');
  assert.is(await version(a?.key ?? null), '{ "version": "2.0.0" }');
  assert.is((await read('a', (await read('b', a?.key ?? null))?.key ?? null))?.key, a?.key);
});

test('names that are no package, and links that leave node_modules, are not installed', async () => {
  const outside = folders.make(PACKAGE);
  const dir = folders.make({ ...inside('node_modules/a', PACKAGE), ...inside('activities', PACKAGE) });
  symlinkSync(outside, join(dir, 'node_modules/linked'));
  symlinkSync('../activities', join(dir, 'node_modules/own'));
  symlinkSync('/etc/hostname', join(dir, 'node_modules/a/host.js'));
  const read = packageReader(dir, new Map());
  for (const name of [
    'linked',
    'own',
    '..',
    '.',
    '../activities',
    'a/../../activities',
    '/etc',
    '',
    'node_modules',
    'none',
  ]) {
    assert.is(await read(name, null), null, name);
  }
  assert.not((await read('a', null))?.files.has('host.js'));
});

test('node_modules that is a link is followed where the same dependencies were installed, as in a worktree', async () => {
  const other = await project();
  await installDependencies(other, OPTIONS);
  const dir = await project();
  symlinkSync(join(other, 'node_modules'), join(dir, 'node_modules'));
  write(dir, { 'package.json': '{ "dependencies": { "dep": "1.0.0" } }' });
  assert.is(await packageReader(dir, new Map())('dep', null), null);
  cpSync(join(other, 'package.json'), join(dir, 'package.json'));
  assert.ok(await packageReader(dir, new Map())('dep', null));
});

test('native code shows by the names of its files', async () => {
  const dir = folders.make(inside('node_modules/a', { ...PACKAGE, 'build/x.node': 'ELF', 'binding.gyp': '{}' }));
  const found = await packageReader(dir, new Map())('a', null);
  assert.equal([found?.files.get('build/x.node'), found?.files.get('binding.gyp')], ['', '']);
});

test('a package beyond the caps is refused', async () => {
  const dir = folders.make(inside('node_modules/a', { ...PACKAGE, 'big.js': 'x'.repeat(5 * 1024 * 1024) }));
  const error = await packageReader(dir, new Map())('a', null).catch((reason: unknown) => reason);
  assert.ok(error instanceof RegistryError && error.code === 'PACKAGE_REFUSED');
});

test('the key of a package changes with its content, also behind a cache', async () => {
  const dir = folders.make(inside('node_modules/a', PACKAGE));
  const read = packageReader(dir, new Map());
  const before = await read('a', null);
  assert.is(await read('a', null), before);
  write(dir, { 'node_modules/a/a.js': 'module.exports = 12;\n' });
  assert.is.not((await read('a', null))?.key, before?.key);
});

const OPTIONS = { env: { ...npmEnvironment(), npm_config_offline: 'true' } };

/** A project with a dependency that needs no network; its install script leaves a witness. */
async function project(): Promise<string> {
  const dir = folders.make({
    'package.json': JSON.stringify({
      name: 'p',
      private: true,
      scripts: { postinstall: 'touch ran' },
      dependencies: { dep: 'file:./dep-1.0.0.tgz' },
    }),
    '.npmrc': 'ignore-scripts=false\n',
  });
  const manifest = {
    name: 'dep',
    version: '1.0.0',
    scripts: { install: 'touch ../../ran', postinstall: 'touch ../../ran' },
  };
  await packPackage(dir, 'dep', { 'package.json': JSON.stringify(manifest), 'index.js': 'module.exports = 1;\n' });
  return dir;
}

test('dependencies are installed once, again when package.json changed, and no install script runs', async () => {
  const dir = await project();
  assert.is(await installDependencies(dir, OPTIONS), true);
  assert.ok(existsSync(join(dir, 'node_modules/dep/index.js')));
  assert.not(existsSync(join(dir, 'ran')));
  assert.is(await installDependencies(dir, OPTIONS), false);
  write(dir, {
    'package.json': JSON.stringify({
      name: 'p',
      version: '2.0.0',
      private: true,
      dependencies: { dep: 'file:./dep-1.0.0.tgz' },
    }),
  });
  assert.is(await installDependencies(dir, OPTIONS), true);
  assert.is(await installDependencies(dir, OPTIONS), false);
});

test('calls at the same moment share one installation', async () => {
  const dir = await project();
  const [first, second] = [installDependencies(dir, OPTIONS), installDependencies(`${dir}/`, OPTIONS)];
  assert.is(first, second);
  assert.is(await first, true);
});

test('a lock file that does not fit is NPM_INSTALL_FAILED with the words of npm', async () => {
  const dir = await project();
  write(dir, { 'package-lock.json': '{ "name": "p", "lockfileVersion": 3, "packages": {} }' });
  const error = await installDependencies(dir, OPTIONS).catch((reason: unknown) => reason);
  assert.ok(error instanceof RegistryError && error.code === 'NPM_INSTALL_FAILED');
  assert.match(String(error), /npm ci: found npm err[\s\S]+, expected it to succeed/i);
});

test('packages that are there stay until others are whole, and when npm fails; nothing half-made is left', async () => {
  const dir = await project();
  await installDependencies(dir, OPTIONS);
  write(dir, { 'package.json': '{ "dependencies": { "dep": "file:./dep-1.0.0.tgz", "none": "file:./none.tgz" } }' });
  const error = await installDependencies(dir, OPTIONS).catch((reason: unknown) => reason);
  assert.ok(error instanceof RegistryError && error.code === 'NPM_INSTALL_FAILED');
  assert.ok(existsSync(join(dir, 'node_modules/dep/index.js')));
  symlinkSync('/dev/zero', join(dir, 'none.tgz'));
  assert.ok((await installDependencies(dir, OPTIONS).catch((reason: unknown) => reason)) instanceof RegistryError);
  assert.equal(
    (await readdir(dir)).filter((name) => name.startsWith('.cloister')),
    [],
  );
});

/** A project whose workspace `a` it depends on; npm needs no network for it. */
function workspaces(): string {
  const manifest = { name: 'p', version: '1.0.0', workspaces: ['packages/*'], dependencies: { a: '1.0.0' } };
  const packages = {
    '': manifest,
    'node_modules/a': { resolved: 'packages/a', link: true },
    'packages/a': { version: '1.0.0' },
  };
  return folders.make({
    'package.json': JSON.stringify(manifest),
    'packages/a/package.json': '{ "name": "a", "version": "1.0.0" }',
    'package-lock.json': JSON.stringify({ name: 'p', version: '1.0.0', lockfileVersion: 3, requires: true, packages }),
  });
}

test('npm empties and fills no folder of the host that a link of the project leads to', async () => {
  for (const link of ['node_modules', 'packages/a/node_modules', 'packages/b', 'node_modules/@scope']) {
    const dir = workspaces();
    const victim = folders.make({
      'package.json': '{ "name": "b", "version": "1.0.0" }',
      important: '',
      'more/file': '',
    });
    mkdirSync(dirname(join(dir, link)), { recursive: true });
    symlinkSync(victim, join(dir, link));
    const error = await installDependencies(dir, OPTIONS).catch((reason: unknown) => reason);
    assert.ok(error instanceof RegistryError && error.code === 'DEPENDENCY_REFUSED', `${link}: ${error}`);
    assert.equal((await readdir(victim)).toSorted(), ['important', 'more', 'package.json'], link);
  }
});

test('workspaces are installed, and again over the links that npm has made to them', async () => {
  const dir = workspaces();
  symlinkSync('packages', join(dir, 'alias'));
  assert.is(await installDependencies(dir, OPTIONS), true);
  assert.ok(existsSync(join(dir, 'node_modules/a/package.json')));
  write(dir, { 'package.json': await readFile(join(dir, 'package.json'), 'utf8').then((text) => `${text}\n`) });
  assert.is(await installDependencies(dir, OPTIONS), true);
});

test('nothing is installed for a project without dependencies', async () => {
  assert.is(await installDependencies(folders.make({}), OPTIONS), false);
  assert.is(await installDependencies(folders.make({ 'package.json': '{ "type": "module" }' }), OPTIONS), false);
  assert.is(await installDependencies(folders.make({ 'package.json': 'not JSON' }), OPTIONS), false);
});

test('npm sees only the environment it is given', async () => {
  const dir = await project();
  const bin = folders.make({ npm: `#!/bin/sh\n/usr/bin/env > ${dir}/seen\n/bin/mkdir -p node_modules\n` });
  const { chmodSync, readFileSync } = await import('node:fs');
  chmodSync(join(bin, 'npm'), 0o755);
  await installDependencies(dir, { env: { PATH: bin, npm_config_offline: 'true' } });
  const names = readFileSync(join(dir, 'seen'), 'utf8')
    .split('\n')
    .map((line) => line.split('=')[0]);
  assert.equal(
    names.filter((name) => !/^(|PWD|SHLVL|_|OLDPWD|npm_config_(?!offline).*)$/.test(name ?? '')).toSorted(),
    ['PATH', 'npm_config_offline'],
  );
});

test.run();
