// timeout: 150
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { freePort } from '../../host/embedded/port.ts';
import { EnvironmentError, readEnvironment } from '../../host/env.ts';
import { startRepository } from '../../host/repository/start.ts';
import { script, workflow } from '../stand/project.ts';
import { codeOf, git, repositoryStand, type Stand } from './stand.ts';

const start = suite('start of the repository');
const ROOT = join(import.meta.dirname, '../..');
const ADMIN = 'a-token-of-the-administrator';
const saying = (word: string) => ({
  ...script('say', `return ${JSON.stringify(word)};`),
  ...workflow('say', { rootChildren: ['it'], activities: [{ id: 'it', script: './activities/say.ts' }] }),
});
let stand: Stand;
start.before.each(async () => {
  stand = await repositoryStand(saying('first'));
});
start.after.each(() => stand.close());

const variables = (): Record<string, string> => ({
  GIT_REPO_URL: stand.url,
  CONFIG_BRANCH: 'main',
  WORKFLOW_DIR: stand.dir,
  WORKTREES_DIR: stand.worktrees,
  CHECKOUTS_DIR: stand.checkouts,
});

function begin(more: Record<string, string> = {}) {
  return startRepository({
    environment: readEnvironment({ ...variables(), ...more }),
    temporal: { address: '127.0.0.1:1', namespace: 'default' },
    log: pino({ level: 'silent' }),
    progress: () => undefined,
  });
}

start(
  'API-61: the start waits for the first clone; with an older one it serves that, and syncs when it can',
  async () => {
    await rename(stand.bare, `${stand.bare}.away`);
    let isReady = false;
    const starting = begin().then((started) => {
      isReady = true;
      return started;
    });
    await sleep(1_000);
    assert.is(isReady, false, 'nothing is served without a clone');
    await rename(`${stand.bare}.away`, stand.bare);
    const first = await starting;
    const { commit } = await first.repository.place(null);
    assert.is(commit, await git(stand.desk, 'rev-parse', 'HEAD'));
    await first.close();

    const next = await stand.publish(saying('second'));
    await rename(stand.bare, `${stand.bare}.away`);
    const second = await begin();
    assert.is((await second.repository.place(null)).commit, commit, 'the older clone is served');
    assert.is(await codeOf(second.repository.healthy()), 'GIT_FAILED');
    await rename(`${stand.bare}.away`, stand.bare);
    for (let tries = 0; tries < 100 && (await codeOf(second.repository.healthy())) !== null; tries += 1)
      await sleep(200);
    assert.is((await second.repository.place(null)).commit, next);
    await second.close();
  },
);

start('API-62: only a wrong setting stops the process, with its name', async () => {
  const problemOf = async (more: Record<string, string>) => {
    const error = await begin(more).catch((reason: unknown) => reason);
    assert.instance(error, EnvironmentError);
    return (error as EnvironmentError).message;
  };
  assert.match(
    await problemOf({ CONFIG_BRANCH: 'nowhere' }),
    /CONFIG_BRANCH is "nowhere".*expected a branch of the remote/,
  );
  await rm(stand.dir, { recursive: true, force: true });
  await mkdir(stand.dir);
  await writeFile(join(stand.dir, 'mine.txt'), '');
  assert.match(await problemOf({}), /WORKFLOW_DIR.*expected an empty folder/);
  for (const url of ['https://user:password@example.org/x.git', 'ext::sh -c x', '--upload-pack=x']) {
    const read = () => readEnvironment({ GIT_REPO_URL: url });
    assert.throws(read, (error: Error) => /GIT_REPO_URL/.test(error.message) && !error.message.includes('password@'));
  }
  const { worktreesDir, checkoutsDir, gitRepoUrl, gitToken, workflowDir, dynamicReload } = readEnvironment({});
  assert.equal([workflowDir, worktreesDir, checkoutsDir], ['/data/repo', '/data/worktrees', '/data/checkouts']);
  assert.equal([gitRepoUrl, gitToken, dynamicReload], [null, null, false]);
});

start('API-46, API-61: a host clones before it serves; a synced commit is in the next run', async () => {
  const port = await freePort();
  const { PATH = '', HOME = '', TEMPORAL_CLI_PATH, CLOISTER_CACHE_DIR } = process.env;
  const host = spawn(process.execPath, [join(ROOT, 'host/bootstrap.mjs'), 'start'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      PATH,
      HOME,
      ...(TEMPORAL_CLI_PATH && { TEMPORAL_CLI_PATH }),
      ...(CLOISTER_CACHE_DIR && { CLOISTER_CACHE_DIR }),
      ...variables(),
      DYNAMIC_RELOAD: 'true',
      CLOISTER_EMBEDDED: 'true',
      CLOISTER_API_TOKEN: ADMIN,
      CLOISTER_LISTEN_ADDRESS: '127.0.0.1',
      CLOISTER_DATA_DIR: join(stand.root, 'data'),
      WORKER_SERVICE_PORT: String(port),
      LOG_LEVEL: 'error',
    },
  });
  const ended = once(host, 'close');
  const call = async (method: string, path: string) => {
    const headers = { authorization: `Bearer ${ADMIN}`, 'content-type': 'application/json' };
    const init = method === 'GET' ? {} : { body: '{}' };
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers, ...init });
    return { status: response.status, body: JSON.parse(await response.text()) };
  };
  const outputOf = async (branch: string) => {
    const begun = await call('POST', `/workflows/say/run?branch=${branch}`);
    assert.is(begun.status, 202, JSON.stringify(begun.body));
    for (;;) {
      const { body } = await call('GET', `/workflows/say/runs/${begun.body.runId}?branch=${branch}`);
      if (body.status !== 'in-progress') return [body.activities[0].output, body.commit];
      await sleep(50);
    }
  };
  try {
    for await (const line of createInterface({ input: host.stderr })) if (line.startsWith('API on')) break;
    host.stderr.resume();
    const head = await git(stand.desk, 'rev-parse', 'HEAD');
    assert.equal((await call('GET', '/repo/status')).body, {
      commit: head,
      branch: 'main',
      remoteUrl: stand.url,
      dirty: false,
    });
    assert.is((await call('GET', '/health')).body.checks.repository, 'up');
    assert.equal(await outputOf('main'), ['first', head]);
    const second = await stand.publish(saying('second'));
    assert.is((await call('POST', '/repo/sync')).body.after, second);
    assert.equal(await outputOf('main'), ['second', second]);
    assert.is((await call('POST', '/repo/branches')).status, 400);
    await git(stand.desk, 'push', '-q', 'origin', `${head}:refs/heads/older`);
    assert.is((await call('POST', '/repo/worktrees?branch=older')).status, 201);
    assert.equal(await Promise.all([outputOf('older'), outputOf('main')]), [
      ['first', head],
      ['second', second],
    ]);
  } finally {
    host.kill('SIGTERM');
    await ended;
  }
});

start.run();
