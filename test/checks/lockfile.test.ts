import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { root } from './source.ts';

interface Locked {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly license?: string;
  readonly hasInstallScript?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const test = suite('lock file');
const PERMISSIVE = /^(MIT|MIT-0|Apache-2\.0|ISC|0BSD|BSD-[23]-Clause|BlueOak-1\.0\.0|Unlicense|CC-BY-4\.0)$/;
// Says ISC in its readme and names no licence in its package.json.
const UNNAMED = ['node_modules/unionfs'];

const json = async (name: string) => JSON.parse(await readFile(join(root, name), 'utf8'));
const manifest = await json('package.json');
const locked: Record<string, Locked> = (await json('package-lock.json')).packages;
const packages = Object.entries(locked).filter(([path]) => path !== '');

test('has no download addresses and a checksum for each package', () => {
  assert.equal(
    packages.filter(([, { resolved }]) => resolved !== undefined).map(([path]) => path),
    [],
  );
  assert.equal(
    packages.filter(([, { integrity }]) => !integrity?.startsWith('sha512-')).map(([path]) => path),
    [],
  );
});

test('has each optional dependency, also of other platforms, without which npm 11 refuses it', () => {
  const missing = Object.entries(locked).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter(
      (name) => !locked[`${path}/node_modules/${name}`] && !locked[`node_modules/${name}`],
    ),
  );
  assert.equal(missing, []);
});

test('names every dependency by an exact version', () => {
  const { dependencies, devDependencies, optionalDependencies } = manifest;
  const ranges = Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies });
  assert.equal(
    ranges.filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(String(version))),
    [],
  );
});

test('no install script is needed: those there are, are denied by name', async () => {
  const withScript = packages.filter(([, { hasInstallScript }]) => hasInstallScript);
  const names = withScript.map(([path]) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length));
  assert.equal(Object.keys(manifest.allowScripts).sort(), names.sort());
  assert.ok(Object.values(manifest.allowScripts).every((allowed) => allowed === false));
  assert.match(await readFile(join(root, '.npmrc'), 'utf8'), /^ignore-scripts=true$/m);
});

test('all licences are permissive', () => {
  const words = (license: string) => license.replace(/[()]/g, '').split(/ (?:OR|AND) /);
  const others = packages.filter(([, { license }]) => !words(license ?? '').every((word) => PERMISSIVE.test(word)));
  assert.equal(
    others.map(([path]) => path).filter((path) => !UNNAMED.includes(path)),
    [],
  );
});

test.run();
