import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { leash } from '../../host/embedded/leash.ts';
import { isGroupAlive, isRunning } from './alive.ts';
import { until } from './until.ts';

const test = suite('leash');
const LEASH = new URL('../../host/embedded/leash.ts', import.meta.url).href;

/** Starts a parent that puts `script` on a leash and prints its process id, and waits for that. */
async function parentOf(script: string): Promise<{ parent: number; child: number }> {
  const code = `import { leash } from '${LEASH}';
    const { child } = leash('sh', ['-c', ${JSON.stringify(script)}]);
    console.log(child.pid);
    setInterval(() => {}, 1000);`;
  const parent = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(parent.stdout.setEncoding('utf8'), 'data');
  return { parent: parent.pid ?? 0, child: Number(line) };
}

test('a program ends when its parent is killed with -9', async () => {
  const { parent, child } = await parentOf('sleep 60');
  process.kill(parent, 'SIGKILL');
  await until(() => !isRunning(child), 15_000);
});

test('also one that ignores SIGTERM, and what it has started', async () => {
  const { parent, child } = await parentOf("trap '' TERM; sleep 61 & sleep 62 & wait; wait; sleep 63");
  process.kill(parent, 'SIGKILL');
  await until(() => !isRunning(child) && !isGroupAlive(child), 20_000);
});

test('its exit code and signal come through', async () => {
  assert.equal(await leash('sh', ['-c', 'exit 3']).ended, { code: 3, signal: null });
  assert.equal(await leash('sh', ['-c', 'kill -9 $$']).ended, { code: null, signal: 'SIGKILL' });
  assert.is((await leash('/no/such/program', []).ended).code, 127);
});

test('stop ends it with SIGTERM, and with SIGKILL after the grace', async () => {
  const polite = leash('sleep', ['60']);
  assert.is((await polite.stop()).signal, 'SIGTERM');
  const stubborn = leash('sh', ['-c', "trap '' TERM; echo ready; while true; do sleep 0.1; done"], { stdout: 'pipe' });
  if (stubborn.child.stdout) await once(stubborn.child.stdout, 'data');
  assert.is((await stubborn.stop(200)).signal, 'SIGKILL');
  assert.is((await stubborn.stop()).signal, 'SIGKILL');
});

test('a program that ends by itself leaves no watcher behind', async () => {
  const leashed = leash('true', []);
  await leashed.ended;
  await until(() => !isGroupAlive(leashed.child.pid ?? 0), 10_000);
});

test('it sees the environment that it is given and nothing on its standard input', async () => {
  const leashed = leash('/bin/sh', ['-c', 'cat; echo "$ONE/$HOME"'], { stdout: 'pipe', env: { ONE: '1' } });
  const { stdout } = leashed.child;
  assert.ok(stdout);
  const [text] = await once(stdout.setEncoding('utf8'), 'data');
  assert.is(text, '1/\n');
  await leashed.ended;
});

test.run();
