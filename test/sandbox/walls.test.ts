import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeFrame } from '../../sandbox/frames.ts';
import { buildWalls, cellWalls } from '../../sandbox/process.ts';
import { loadSources } from '../../sandbox/source.ts';
import { isAlive, openRig } from './rig.ts';

const test = suite('walls of a cell');
const sources = await loadSources();

/** Flags of a cell as the supervisor gives them. */
const FLAGS = ['--permission', '--disable-sigusr1', '--disable-warning=PERM0001', ...cellWalls().flags];

/** Starts the program of a cell as told; resolves to its exit code, or `ready` when it took its first message. */
async function startCell(flags: readonly string[], env: Record<string, string>): Promise<string> {
  const child = spawn(process.execPath, [...flags, '--input-type=commonjs', '--eval', sources.cell], {
    cwd: cellWalls().cwd,
    env,
  });
  child.stdin.on('error', () => undefined);
  child.stdin.write(encodeFrame({ t: 'guest', prelude: '', sealed: '' }));
  const ready = once(child.stdout, 'data').then(() => 'ready');
  const ended = once(child, 'close').then(([code]) => `ended ${code}`);
  const first = await Promise.race([ready, ended]);
  child.kill('SIGKILL');
  await ended;
  return first;
}

test('a cell starts with its walls, and refuses to start when one is missing', async () => {
  assert.is(await startCell(FLAGS, {}), 'ready');
  assert.is(await startCell(FLAGS, { HOME: '/' }), 'ended 1');
  assert.is(await startCell(['--no-node-snapshot'], {}), 'ended 1');
  for (const hole of [
    '--allow-fs-write=*',
    '--allow-child-process',
    '--allow-worker',
    '--allow-net',
    '--allow-fs-read=*',
  ]) {
    assert.is(await startCell([...FLAGS, hole], {}), 'ended 1', hole);
  }
});

/** What code of a cell's own process gets when it tries to reach out: the second wall, with the first taken away. */
const REACH = `
const tries = {
  read: () => require('fs').readFileSync('/etc/passwd'),
  write: () => require('fs').writeFileSync('/tmp/cloister-canary', 'x'),
  child: () => require('child_process').execSync('id'),
  worker: () => new (require('worker_threads').Worker)('1', { eval: true }),
  listen: () => require('net').createServer().listen(0),
  connect: () => new Promise((ok, no) => require('net').connect(1, '127.0.0.1').on('error', no).on('connect', ok)),
  dns: () => require('dns').promises.lookup('localhost'),
  inspector: () => require('inspector').open(0),
};
(async () => {
  const codes = {};
  for (const [name, run] of Object.entries(tries)) {
    try { await run(); codes[name] = 'done'; } catch (e) { codes[name] = e.code; }
  }
  process.stdout.write(JSON.stringify(codes));
})();`;

for (const [name, walls] of [
  ['cell', cellWalls()],
  ['build', buildWalls()],
] as const) {
  test(`code in the process of a ${name} reaches no file, process, thread or network`, async () => {
    const flags = ['--permission', '--disable-warning=PERM0001', ...walls.flags];
    const child = spawn(process.execPath, [...flags, '--input-type=commonjs', '--eval', REACH], {
      cwd: walls.cwd,
      env: {},
    });
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
    });
    await once(child, 'close');
    const codes: Record<string, string> = JSON.parse(text);
    for (const [what, code] of Object.entries(codes)) assert.is(code, 'ERR_ACCESS_DENIED', what);
    assert.is(Object.keys(codes).length, 8);
  });
}

test('a cell ends when its host is killed, also while a thread of it spins in native code', async () => {
  const host = spawn(process.execPath, [fileURLToPath(new URL('./host.fixture.ts', import.meta.url))], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const pids = await pidsOf(host);
  assert.ok(pids.length >= 2 && pids.every(isAlive));
  host.kill('SIGKILL');
  await once(host, 'close');
  const deadline = Date.now() + 5_000;
  while (pids.some(isAlive) && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.not.ok(pids.some(isAlive));
});

test('a cell is another process than its host, and the host never loads isolated-vm', async () => {
  const rig = openRig();
  await rig.sandbox.warm('a');
  const [cell] = rig.sandbox.stats().cells;
  assert.ok(cell && cell.pid !== process.pid);
  if (process.platform === 'linux' && cell) {
    assert.is(readFileSync(`/proc/${cell.pid}/environ`, 'latin1'), '');
    assert.not.match(readFileSync('/proc/self/maps', 'latin1'), /isolated-vm/);
  }
  await rig.sandbox.close();
});

async function pidsOf(host: ChildProcess): Promise<number[]> {
  if (!host.stdout) return [];
  const [line] = await once(host.stdout, 'data');
  return JSON.parse(String(line));
}

test.run();
