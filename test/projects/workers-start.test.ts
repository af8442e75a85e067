// timeout: 120
/** `host/start-worker.sh` and the settings of project workers (PW-29 in part, 35, 42). */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { freePort } from '../../host/embedded/port.ts';
import { EnvironmentError, readEnvironment } from '../../host/env.ts';
import { DEFAULTS, guestSettings, projectSettings } from '../../host/projects/settings.ts';
import { temporaryFolder } from '../stand/project.ts';
import { until } from './hosted.ts';

const test = suite('start of the worker service');
const ROOT = join(import.meta.dirname, '../..');
const SCRIPT = join(ROOT, 'host/start-worker.sh');
const { PATH = '', HOME = '', TEMPORAL_CLI_PATH, CLOISTER_CACHE_DIR } = process.env;
const BASE = {
  PATH,
  HOME,
  ...(TEMPORAL_CLI_PATH && { TEMPORAL_CLI_PATH }),
  ...(CLOISTER_CACHE_DIR && { CLOISTER_CACHE_DIR }),
};

const owned = new AsyncDisposableStack();
test.after(async () => {
  await owned.disposeAsync();
});

/** The script as an operator starts it, in a folder. */
function run(cwd: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = spawn(SCRIPT, [...args], { cwd, env: { ...BASE, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      said += chunk;
    });
  }
  const ended = once(child, 'close').then(([code]) => code as number | null);
  owned.defer(async () => {
    // One that does not end by itself holds others.
    child.kill('SIGTERM');
    await ended;
  });
  return { child, ended, said: () => said };
}

async function folder(): Promise<string> {
  const made = await temporaryFolder('start-worker');
  owned.defer(() => made.remove());
  return made.path;
}

test('PW-42 an unknown argument is answered with the usage, and exit 2', async () => {
  const dir = await folder();
  for (const args of [['nope'], ['dev', 'more'], ['start'], ['']]) {
    const { ended, said } = run(dir, args);
    assert.is(await ended, 2, args.join(' '));
    assert.match(said(), /^usage: start-worker\.sh \[dev\]/);
  }
});

test('PW-42 settings in front, and those of .env where there are none in front, reach the host', async () => {
  const dir = await folder();
  await writeFile(join(dir, '.env'), 'WORKER_MAX_PROJECTS=none\nGUEST_MEMORY_MB=1\n');
  const { ended, said } = run(dir, [], { GUEST_MEMORY_MB: '2' });
  assert.is(await ended, 1);
  assert.match(said(), /WORKER_MAX_PROJECTS is "none"; expected a whole number/);
  assert.match(said(), /GUEST_MEMORY_MB is "2"; expected a whole number from 8 to 1024/);
});

test('PW-42 both modes serve, and a signal ends them; dev starts again when a source changes', async () => {
  const env = async (more: Readonly<Record<string, string>> = {}) => ({
    CLOISTER_DATA_DIR: join(await folder(), 'data'),
    WORKER_SERVICE_PORT: String(await freePort()),
    ...more,
  });
  const forProduction = await env({
    CLOISTER_EMBEDDED: 'true',
    CLOISTER_OPEN_WORKERS: 'true',
    CLOISTER_LISTEN_ADDRESS: '127.0.0.1',
  });
  const forDev = await env();
  const production = run(await folder(), [], forProduction);
  const dev = run(await folder(), ['dev'], forDev);
  const workers = async ({ WORKER_SERVICE_PORT: port }: { WORKER_SERVICE_PORT: string }) => {
    const response = await fetch(`http://127.0.0.1:${port}/workers`).catch(() => null);
    return response?.ok === true && ((await response.json()) as { count: number }).count === 0;
  };
  await until(() => workers(forProduction), 'production serves', 40_000);
  await until(() => workers(forDev), 'dev serves', 40_000);
  assert.match(production.said(), /Worker service listening on port \d+/);
  production.child.kill('SIGTERM');
  const now = new Date();
  await utimes(join(ROOT, 'host/cli/dev.ts'), now, now);
  await until(() => /a source has changed: starting again[\s\S]*Ctrl-C/.test(dev.said()), 'dev starts again', 40_000);
  dev.child.kill('SIGINT');
  assert.equal([await production.ended, await dev.ended], [0, 0], production.said() + dev.said());
});

test('PW-35 settings that cannot be used are told all at once', () => {
  const bad = {
    MAX_CONCURRENT_ACTIVITY_EXECUTIONS: '0',
    MAX_CONCURRENT_WORKFLOW_EXECUTIONS: '1',
    WORKER_AUTO_RESTART: 'yes',
    WORKER_HEARTBEAT_MS: '40000',
    WORKER_SHUTDOWN_GRACE_MS: '50000',
    WORKER_LEASE_RENEW_MS: '26000',
    GUEST_PACKAGES: 'date-fns,../evil',
  };
  let problems: readonly string[] = [];
  try {
    readEnvironment(bad);
  } catch (error) {
    if (error instanceof EnvironmentError) problems = error.problems;
  }
  const names = problems.map((problem) => problem.split(' ')[0]).sort();
  assert.equal(names, [
    'GUEST_PACKAGES',
    'MAX_CONCURRENT_ACTIVITY_EXECUTIONS',
    'MAX_CONCURRENT_WORKFLOW_EXECUTIONS',
    'WORKER_AUTO_RESTART',
    'WORKER_LEASE_TTL_MS',
    'WORKER_SHUTDOWN_FORCE_MS',
    'WORKER_STALE_MS',
  ]);
  assert.ok(problems.some((problem) => problem.includes('is "1"; expected a whole number from 2 to 1000')));
});

test('the defaults of the environment are those of the specification', () => {
  const environment = readEnvironment({});
  const host = { embedded: false, graceMs: 30_000, forceMs: 40_000 };
  assert.equal(projectSettings(environment, host), DEFAULTS);
  assert.equal([environment.shutdownGraceMs, environment.shutdownForceMs], [30_000, 45_000]);
  assert.equal([DEFAULTS.maxActivities, DEFAULTS.maxWorkflowTasks, DEFAULTS.maxProjects], [10, 10, 200]);
  assert.equal(guestSettings(environment, '/packages'), {
    steps: 1_000,
    memoryMb: 32,
    codeMaxBytes: 1_048_576,
    activityHeapMb: 128,
    packages: [],
    packagesDir: '/packages',
  });
});

test.run();
