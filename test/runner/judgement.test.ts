import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { findFiles } from './files.ts';
import { isRed, type Outcome } from './outcome.ts';
import { runFile } from './process.ts';

const test = suite('runner');
const folder = await mkdtemp(join(tmpdir(), 'cloister-runner-'));
await mkdir(join(folder, 'test'));
await symlink(fileURLToPath(new URL('../../node_modules', import.meta.url)), join(folder, 'node_modules'));
await writeFile(join(folder, 'package.json'), '{ "type": "module" }');

/** Writes a test file of one suite with the given lines, and lets the runner judge it. */
async function judged(name: string, lines: readonly string[], head = ''): Promise<Outcome> {
  const top = [
    head,
    "import { suite } from 'uvu';",
    "import * as assert from 'uvu/assert';",
    "const test = suite('x');",
  ];
  await writeFile(join(folder, 'test', name), [...top, ...lines].join('\n').trimStart());
  const [file] = await findFiles(folder, [name]);
  assert.ok(file);
  return runFile(file, { root: folder, temporal: '/a/temporal' });
}

const passing = "test('a', () => assert.ok(process.env['TEMPORAL_CLI_PATH']));";

test.after(() => rm(folder, { recursive: true, force: true }));

test('a file whose tests pass is green, with the number of them, and gets the Temporal program', async () => {
  const outcome = await judged('green.test.ts', [passing, "test.skip('b');", 'test.run();']);
  assert.not(isRed(outcome));
  assert.equal([outcome.passed, outcome.failed, outcome.skipped], [1, 0, 1]);
});

test('a failed test is red, with its output', async () => {
  const outcome = await judged('failed.test.ts', [passing, "test('b', () => assert.is(1, 2));", 'test.run();']);
  assert.equal([outcome.passed, outcome.failed], [1, 1]);
  assert.match(outcome.output, /FAIL/);
});

test('a suite that never runs is red, also beside one that does', async () => {
  const outcome = await judged('two.test.ts', [
    passing,
    'test.run();',
    "const other = suite('y');",
    "other('b', () => {});",
  ]);
  assert.is(outcome.why, 'has 2 suites, of which 1 run: end each with .run()');
  assert.is(outcome.failed, 1);
});

test('a file in which no test runs is red, whatever its text looks like', async () => {
  const outcome = await judged('none.test.ts', ['// .run()']);
  assert.is(outcome.why, 'no test ran');
});

test('a before that throws is red', async () => {
  const lines = ["test.before(() => { throw new Error('x'); });", passing, 'test.run();'];
  assert.ok(isRed(await judged('before.test.ts', lines)));
});

test('an .only left behind is red', async () => {
  const outcome = await judged('only.test.ts', [passing, "test.only('b', () => {});", 'test.run();']);
  assert.match(outcome.why ?? '', /\.only/);
});

test('a file may ask for more time, for nothing beside it, and to be left out of the usual run', async () => {
  await writeFile(join(folder, 'test', 'asks.test.ts'), '// timeout: 7\n// alone\n// deep\n');
  await writeFile(join(folder, 'test', 'asks-nothing.test.ts'), "const deep = 'alone';\n");
  const [nothing, asks] = await findFiles(folder, ['asks']);
  assert.equal([asks?.limitMs, asks?.alone, asks?.deep], [7_000, true, true]);
  assert.equal([nothing?.alone, nothing?.deep], [false, false]);
});

test('an exit code other than 0 is red, after all tests have passed', async () => {
  const outcome = await judged('code.test.ts', [passing, 'test.run();', "process.on('exit', () => process.exit(9));"]);
  assert.is(outcome.why, 'exit code 9');
});

test('a file that does not end within its limit is killed and red', async () => {
  const lines = [passing, 'test.run();', 'setInterval(() => {}, 1000);'];
  assert.is((await judged('slow.test.ts', lines, '// timeout: 2')).why, 'not done within 2 s');
});

test('a process left behind is red and ended, also in a session of its own', async () => {
  const start = "spawn('sleep', ['47'], { detached: true, stdio: 'ignore' }).unref();";
  const lines = ["import { spawn } from 'node:child_process';", start, passing];
  const wait = "test('b', () => new Promise((resolve) => setTimeout(resolve, 600)));";
  const outcome = await judged('left.test.ts', [...lines, wait, 'test.run();']);
  if (process.platform === 'linux') assert.match(outcome.why ?? '', /^left behind: \d+ sleep 47$/);
});

test('a file that must fail counts as passed when red, and as failed when green', async () => {
  assert.equal(counts(await judged('red.fails.ts', ["test('a', () => assert.ok(false));", 'test.run();'])), [1, 0]);
  assert.equal(counts(await judged('green.fails.ts', [passing, 'test.run();'])), [0, 1]);
});

test('the first comment lines say how long it may take and whether it runs alone', async () => {
  await judged('head.test.ts', [passing, 'test.run();'], '// timeout: 300\n// alone');
  const [file] = await findFiles(folder, ['head.test']);
  assert.equal([file?.limitMs, file?.alone], [300_000, true]);
});

function counts({ passed, failed }: Outcome): readonly number[] {
  return [passed, failed];
}

test.run();
