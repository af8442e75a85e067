/** The API of a warm production host: runs accepted at a steady rate, a long list, the detail of a large run. */
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { Client, Connection } from '@temporalio/client';
import { freePort } from '../../host/embedded/port.ts';
import { connectOrStart, type Temporal } from '../../host/embedded/temporal.ts';
import type { Environment } from '../../host/env.ts';
import { startProduction } from '../../host/production.ts';
import { labelsOf } from '../../host/temporal/workflows/labels.ts';
import { script, workflow, writeFiles } from '../stand/project.ts';
import { ask, type Called } from './called.ts';
import { allowEvents, commitOften, EVENT_FILES, postEvents } from './events.ts';
import { type Figure, percentile, timed } from './figures.ts';

/** What this part needs of the bench. */
export interface ApiBenchOptions {
  readonly environment: Environment;
  /** Empty folder; removed at the end. */
  readonly folder: string;
  readonly progress: (text: string) => void;
}

const ROUNDS = 2;
const RATE = 50;
const STARTS = 100;
const STEPS = 200;
const READS = 30;
const LISTED = 10_000;
/** The list is made in this time, or is shorter. */
const SEED_MS = 20_000;
const SEED_LANES = 40;

/** Measures each of the three, round by round. */
export async function measureApi({ environment, folder, progress }: ApiBenchOptions): Promise<Figure[]> {
  await using owned = new AsyncDisposableStack();
  progress('api: starting the servers');
  // A list is as long as this part makes it: no server of somebody's.
  const own = { ...environment, temporalAddress: null };
  const dbFile = join(folder, 'api-temporal', 'temporal.db');
  const temporal = await connectOrStart({ environment: own, dbFile, headless: true, log: progress });
  owned.defer(() => temporal.close());
  const apiToken = randomUUID();
  const remote = await writeProject(join(folder, 'api-remote'));
  allowEvents();
  const host = await startProduction({
    environment: {
      ...environment,
      embedded: true,
      temporalAddress: temporal.address,
      temporalNamespace: temporal.namespace,
      gitRepoUrl: pathToFileURL(remote).href,
      workflowDir: join(folder, 'api-clone'),
      worktreesDir: join(folder, 'api-worktrees'),
      checkoutsDir: join(folder, 'api-checkouts'),
      dynamicReload: true,
      configBranch: 'main',
      apiToken,
      listenAddress: '127.0.0.1',
      workerServicePort: await freePort(),
      dataDir: join(folder, 'api-data'),
      logLevel: 'silent',
    },
    progress,
  });
  owned.defer(() => host.close());
  const api = { url: host.url, headers: { authorization: `Bearer ${apiToken}` } };
  const many = (await ask(api, '/workflows/many/run', { method: 'POST' })) as { workflowId: string; runId: string };
  for await (const { status } of host.runs.follow(many, 500)) if (status === 'completed') break;
  const starts = await rounds(() => startSteadily(api));
  progress('api: details');
  const details = await rounds(() => readOften(api, `/workflows/many/runs/${many.runId}`));
  progress('api: events and commits');
  const events = await rounds(() => postEvents(api));
  const commits = await rounds(() => commitOften(api, remote));
  progress('api: making a long list');
  const count = await seed(temporal);
  const pages = await rounds(() => walkPages(api, '/workflows/seeded/runs?branch=*'));
  return [
    figure(`POST run, accepted, ${RATE} a second`, starts, { median: 25, tail: 100 }),
    figure('webhook to the start of the first activity', events, { median: 150 }),
    figure('commit, from the answer of the sync to a run of it accepted', commits, { median: 1000 }),
    figure(`GET run of ${STEPS} activities`, details, { median: 50 }),
    figure(`GET a page of 50 of ${count} runs`, pages, { median: 50 }),
  ];
}

/** A repository; resolves to its folder. */
async function writeProject(dir: string): Promise<string> {
  const step = (id: string) => ({ id, script: './activities/echo.ts', params: { id } });
  const ids = Array.from({ length: STEPS }, (_, n) => `step-${n}`);
  await writeFiles(dir, {
    ...EVENT_FILES,
    ...script('echo', 'return input;'),
    ...workflow('one', { rootChildren: ['a'], activities: [step('a')] }),
    ...workflow('many', { rootChildren: ids, activities: ids.map(step) }),
  });
  const identity = ['-c', 'user.name=bench', '-c', 'user.email=bench@example.org'];
  const git = (...words: string[]) => execFileSync('git', ['-C', dir, ...identity, ...words]);
  git('init', '-q', '-b', 'main');
  git('add', '.');
  git('commit', '-qm', 'Add two workflows');
  return dir;
}

function figure(what: string, measured: readonly number[][], goal: Figure['goal'] & object): Figure {
  return {
    what,
    unit: 'ms',
    rounds: measured.map((round) => percentile(round, 0.5)),
    tails: measured.map((round) => percentile(round, 0.99)),
    n: measured.flat().length,
    goal,
  };
}

async function rounds(measure: () => Promise<number[]>): Promise<number[][]> {
  await measure();
  const all: number[][] = [];
  for (let round = 0; round < ROUNDS; round++) all.push(await measure());
  return all;
}

/** At the rate, whether or not the ones before were answered. */
async function startSteadily(api: Called): Promise<number[]> {
  const under: Promise<number>[] = [];
  const beganAt = performance.now();
  for (let n = 0; n < STARTS; n++) {
    await sleep(Math.max(0, beganAt + (n * 1000) / RATE - performance.now()));
    under.push(timed(() => ask(api, '/workflows/one/run', { method: 'POST' })));
  }
  return Promise.all(under);
}

async function readOften(api: Called, path: string): Promise<number[]> {
  const times: number[] = [];
  for (let n = 0; n < READS; n++) times.push(await timed(() => ask(api, path)));
  return times;
}

async function walkPages(api: Called, path: string): Promise<number[]> {
  const times: number[] = [];
  let cursor: string | null = null;
  for (let n = 0; n < READS; n++) {
    const query: string = cursor === null ? '' : `&cursor=${cursor}`;
    times.push(
      await timed(async () => {
        ({ nextCursor: cursor } = (await ask(api, `${path}${query}`)) as { nextCursor: string | null });
      }),
    );
  }
  return times;
}

/** Runs that nobody takes up, most of them ended: what a list reads of them is the same. Resolves to their number. */
async function seed({ address, namespace }: Temporal): Promise<number> {
  const connection = await Connection.connect({ address });
  try {
    const client = new Client({ connection, namespace });
    const until = performance.now() + SEED_MS;
    let count = 0;
    const lane = async (): Promise<void> => {
      while (count < LISTED && performance.now() < until) {
        const n = count++;
        const args = { workflow: 'seeded', branch: null, input: {}, trigger: { type: 'manual', id: null } } as const;
        const options = { taskQueue: 'nobody', workflowId: `seeded-${n}`, args: [args], ...labelsOf(args) };
        const handle = await client.workflow.start('billingWorkflow', options);
        if (n % 20 !== 0) await handle.terminate();
      }
    };
    await Promise.all(Array.from({ length: SEED_LANES }, lane));
    return count;
  } finally {
    await connection.close();
  }
}
