/** Part three: whole workflows on one Temporal server, in cells and as plain activities, by turns. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { type DevelopmentHost, startDevelopment } from '../../host/development.ts';
import { connectOrStart } from '../../host/embedded/temporal.ts';
import type { Environment } from '../../host/env.ts';
import { type Figure, timed } from './figures.ts';
import type { Load } from './temporal/load.ts';
import { PLAIN_QUEUE, startPlainWorker } from './temporal/plain.ts';
import { workflowId, writeProject } from './temporal/project.ts';

/** What the part needs of the bench. */
export interface WorkflowOptions {
  readonly environment: Environment;
  /** Empty folder for the project and the servers' data; removed at the end. */
  readonly folder: string;
  readonly progress: (text: string) => void;
}

const ROUNDS = 9;
const LOADS: readonly (Load & { readonly goal: number })[] = [
  { steps: 40, n: 10, goal: 1.25 },
  { steps: 10, n: 33, goal: 1.1 },
];

interface Sides {
  readonly client: Client;
  readonly host: DevelopmentHost;
}

/** Measures each load on both sides, round by round. */
export async function measureWorkflows(options: WorkflowOptions): Promise<Figure[]> {
  await using owned = new AsyncDisposableStack();
  const { progress } = options;
  progress('workflows: starting the servers');
  const sides = await start(options, owned);
  const figures: Figure[] = [];
  for (const load of LOADS) {
    await cloister(sides, load);
    await plain(sides, load);
    progress(`workflows: ${load.steps} × fib(${load.n})`);
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      ours.push(await timed(() => cloister(sides, load)));
      theirs.push(await timed(() => plain(sides, load)));
    }
    figures.push(...compare(load, ours, theirs));
  }
  return figures;
}

/** Always a server of our own: somebody's may be slower, or have a host on it that takes our runs. */
async function start({ environment, folder, progress }: WorkflowOptions, owned: AsyncDisposableStack): Promise<Sides> {
  const projectDir = join(folder, 'project');
  await writeProject(projectDir, LOADS);
  const own = { ...environment, temporalAddress: null };
  const dbFile = join(folder, 'temporal', 'temporal.db');
  const server = await connectOrStart({ environment: own, dbFile, headless: true, log: progress });
  owned.defer(() => server.close());
  const host = await startDevelopment({
    environment: { ...environment, temporalAddress: server.address, temporalNamespace: server.namespace },
    projectDir,
    dataDir: join(folder, 'data'),
    port: 0,
    progress,
  });
  owned.defer(() => host.close());
  const native = await NativeConnection.connect({ address: server.address });
  owned.defer(() => native.close());
  owned.defer(await startPlainWorker(native, server.namespace));
  const connection = await Connection.connect({ address: server.address });
  owned.defer(() => connection.close());
  return { client: new Client({ connection, namespace: server.namespace }), host };
}

/** One run of Cloister: everything between its start and its result, plan and record included. */
async function cloister({ client, host }: Sides, load: Load): Promise<void> {
  const run = await host.start(workflowId(load), {});
  await client.workflow.getHandle(run.workflowId, run.runId).result();
}

async function plain({ client }: Sides, { steps, n }: Load): Promise<void> {
  await client.workflow.execute('plainWorkflow', {
    taskQueue: PLAIN_QUEUE,
    workflowId: randomUUID(),
    args: [{ steps, n }],
  });
}

function compare(load: (typeof LOADS)[number], ours: readonly number[], theirs: readonly number[]): Figure[] {
  const what = `${load.steps} × fib(${load.n})`;
  const n = ours.length;
  const ratios = ours.map((value, round) => value / (theirs[round] ?? Number.NaN));
  return [
    { what: `${what}, plain Temporal activities`, unit: 'ms', rounds: theirs, n },
    { what: `${what}, Cloister workflow`, unit: 'ms', rounds: ours, n },
    { what: `${what}, Cloister ÷ plain, by round`, unit: '×', rounds: ratios, n, goal: { median: load.goal } },
  ];
}
