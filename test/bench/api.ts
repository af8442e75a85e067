/** The API of a warm host: runs accepted at a steady rate, a long list, the detail of a large run. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { type DevelopmentHost, startDevelopment } from '../../host/development.ts';
import type { Environment } from '../../host/env.ts';
import { labelsOf } from '../../host/temporal/workflows/labels.ts';
import { script, workflow, writeFiles } from '../stand/project.ts';
import { type Figure, percentile, timed } from './figures.ts';

/** What this part needs of the bench. */
export interface ApiBenchOptions {
  readonly environment: Environment;
  /** Empty folder; removed at the end. */
  readonly folder: string;
  readonly progress: (text: string) => void;
}

const ROUNDS = 3;
const RATE = 50;
const STARTS = 150;
const STEPS = 200;
const READS = 30;
const LISTED = 10_000;
/** The list is made in this time, or is shorter. */
const SEED_MS = 25_000;
const SEED_LANES = 40;

/** Measures each of the three, round by round. */
export async function measureApi({ environment, folder, progress }: ApiBenchOptions): Promise<Figure[]> {
  await using owned = new AsyncDisposableStack();
  const projectDir = join(folder, 'api-project');
  const step = (id: string) => ({ id, script: './activities/echo.ts', params: { id } });
  const ids = Array.from({ length: STEPS }, (_, n) => `step-${n}`);
  await writeFiles(projectDir, {
    ...script('echo', 'return input;'),
    ...workflow('one', { rootChildren: ['a'], activities: [step('a')] }),
    ...workflow('many', { rootChildren: ids, activities: ids.map(step) }),
  });
  progress('api: starting the servers');
  const host = await startDevelopment({
    // A list is as long as this part makes it: no server of somebody's.
    environment: { ...environment, temporalAddress: null },
    projectDir,
    dataDir: join(folder, 'api-data'),
    port: 0,
    progress,
  });
  owned.defer(() => host.close());
  const many = await host.start('many', {});
  for await (const { status } of host.runs.follow(many, 500)) if (status === 'completed') break;
  const starts = await rounds(() => startSteadily(host));
  progress('api: details');
  const details = await rounds(() => readOften(`${host.url}/workflows/many/runs/${many.runId}`));
  progress('api: making a long list');
  const count = await seed(host);
  const pages = await rounds(() => walkPages(`${host.url}/workflows/seeded/runs`));
  return [
    figure(`POST run, accepted, ${RATE} a second`, starts, { median: 25, tail: 100 }),
    figure(`GET run of ${STEPS} activities`, details, { median: 50 }),
    figure(`GET a page of 50 of ${count} runs`, pages, { median: 50 }),
  ];
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
async function startSteadily({ url }: DevelopmentHost): Promise<number[]> {
  const under: Promise<number>[] = [];
  const beganAt = performance.now();
  for (let n = 0; n < STARTS; n++) {
    await sleep(Math.max(0, beganAt + (n * 1000) / RATE - performance.now()));
    under.push(timed(() => ask(`${url}/workflows/one/run`, 202, { method: 'POST' })));
  }
  return Promise.all(under);
}

async function readOften(url: string): Promise<number[]> {
  const times: number[] = [];
  for (let n = 0; n < READS; n++) times.push(await timed(() => ask(url, 200)));
  return times;
}

async function walkPages(url: string): Promise<number[]> {
  const times: number[] = [];
  let cursor: string | null = null;
  for (let n = 0; n < READS; n++) {
    const query: string = cursor === null ? '' : `?cursor=${cursor}`;
    times.push(
      await timed(async () => {
        ({ nextCursor: cursor } = (await ask(`${url}${query}`, 200)) as { nextCursor: string | null });
      }),
    );
  }
  return times;
}

async function ask(url: string, status: number, options: RequestInit = {}): Promise<unknown> {
  const response = await fetch(url, options);
  const body: unknown = await response.json();
  if (response.status !== status) throw new Error(`${response.status} ${JSON.stringify(body)}`);
  return body;
}

/** Runs that nobody takes up, most of them ended: what a list reads of them is the same. Resolves to their number. */
async function seed({ stack }: DevelopmentHost): Promise<number> {
  if (!stack.temporal) throw new Error('the host has no Temporal');
  const { address, namespace } = stack.temporal;
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
