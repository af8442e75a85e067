import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { isRunning } from '../embedded/alive.ts';
import { until } from '../embedded/until.ts';

const test = suite('bootstrap');
const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const bootstrap = join(root, 'host', 'bootstrap.mjs');
const entry = ['--entry', 'test/bootstrap/entry.ts'];
const folder = await mkdtemp(join(tmpdir(), 'cloister-bootstrap-'));

/** Runs `code` as a module of its own, with the bootstrap's parts in reach. */
function moduleArgs(code: string): string[] {
  const url = (name: string) => new URL(`../../host/bootstrap/${name}`, import.meta.url).href;
  const imports = `import { runPinned } from '${url('runtime.mjs')}'; import { ensureInstalled } from '${url('install.mjs')}';`;
  return ['--input-type=module', '-e', `${imports}\n${code}`];
}

/** As under an older Node: the entry runs in a child under the pinned one. */
function pinned(...args: string[]): ChildProcess {
  const given = JSON.stringify([...entry, ...args]);
  const code = `process.exitCode = await runPinned(${JSON.stringify(root)}, ${JSON.stringify(bootstrap)}, ${given});`;
  return spawn(process.execPath, moduleArgs(code), { stdio: ['ignore', 'pipe', 'inherit'] });
}

async function said(child: ChildProcess): Promise<{ argv: string[]; pid: number; version: string }> {
  const [line] = child.stdout ? await once(child.stdout.setEncoding('utf8'), 'data') : [];
  return JSON.parse(line);
}

test.after(() => rm(folder, { recursive: true, force: true }));

test('it runs the entry from any folder, with its arguments and exit code', async () => {
  const failed = await run(process.execPath, [bootstrap, ...entry, '3', '--json'], { cwd: tmpdir() }).catch((e) => e);
  assert.is(failed.code, 3);
  assert.equal(JSON.parse(failed.stdout).argv, ['3', '--json']);
});

test('under another Node the entry runs under the pinned one, and its exit code comes through', async () => {
  const child = pinned('4');
  const { argv, version } = await said(child);
  assert.equal(argv, ['4']);
  assert.match(version, /^v26\./);
  if (child.exitCode === null) await once(child, 'exit');
  assert.is(child.exitCode, 4);
});

test('SIGTERM reaches the entry, whose exit code is the answer', async () => {
  const child = pinned('stay');
  await said(child);
  child.kill('SIGTERM');
  const [code] = await once(child, 'exit');
  assert.is(code, 7);
});

test('the entry ends when the process that started it is killed with -9', async () => {
  const child = pinned('stay');
  const { pid } = await said(child);
  child.kill('SIGKILL');
  await until(() => !isRunning(pid), 9000);
});

async function project(name: string, version: string): Promise<string> {
  const at = join(folder, name);
  await mkdir(join(at, 'dep'), { recursive: true });
  const manifest = { name, version: '1.0.0', dependencies: { dep: 'file:./dep' } };
  await writeFile(join(at, 'dep', 'package.json'), JSON.stringify({ name: 'dep', version }));
  await writeFile(join(at, 'package.json'), JSON.stringify(manifest));
  const packages = { '': manifest, dep: { version }, 'node_modules/dep': { resolved: 'dep', link: true } };
  await writeFile(
    join(at, 'package-lock.json'),
    JSON.stringify({ name, lockfileVersion: 3, requires: true, packages }),
  );
  return at;
}

function install(at: string) {
  return run(process.execPath, moduleArgs(`await ensureInstalled(${JSON.stringify(at)}, { dev: true });`));
}

test('what is missing is installed once, and nothing of that goes to stdout', async () => {
  const at = await project('fresh', '1.0.0');
  const first = await install(at);
  assert.match(first.stderr, /installing dependencies/);
  assert.is(first.stdout, '');
  assert.ok((await readdir(join(at, 'node_modules'))).includes('dep'));
  assert.is((await install(at)).stderr, '');
});

test('a changed lock file installs again', async () => {
  await install(await project('changed', '1.0.0'));
  const { stderr } = await install(await project('changed', '2.0.0'));
  assert.match(stderr, /installed dependencies/);
});

test('two at once install once', async () => {
  const at = await project('twice', '1.0.0');
  const both = await Promise.all([install(at), install(at)]);
  assert.is(both.filter(({ stderr }) => stderr.includes('installing')).length, 1);
});

test('what Node has compiled is kept in the cache folder, and a folder that cannot be written is no error', async () => {
  const compiled = async (cache: string) => {
    const { NODE_COMPILE_CACHE: _, ...env } = process.env;
    await run(process.execPath, [bootstrap, ...entry, '0'], { env: { ...env, CLOISTER_CACHE_DIR: cache } });
    const found = await readdir(join(cache, 'compiled'), { recursive: true, withFileTypes: true }).catch(() => []);
    return found.filter((each) => each.isFile()).length;
  };
  assert.ok((await compiled(join(folder, 'kept'))) > 0);
  const file = join(folder, 'a-file');
  await writeFile(file, '');
  assert.is(await compiled(join(file, 'below')), 0);
});

test("when npm fails, its words are the command's", async () => {
  const at = await project('broken', '1.0.0');
  await writeFile(
    join(at, 'package.json'),
    JSON.stringify({ name: 'broken', dependencies: { other: 'file:./other' } }),
  );
  const failed = await install(at).catch((error) => error);
  assert.is(failed.code, 1);
  assert.match(failed.stderr, /npm ci failed/);
});

test.run();
