/** Both sides of part three on one Temporal server: a development host, and a plain worker beside it. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { startDevelopment } from '../../../host/development.ts';
import { connectOrStart } from '../../../host/embedded/temporal.ts';
import type { Environment } from '../../../host/env.ts';
import { type Load, main } from './load.ts';
import { PLAIN_QUEUE, startPlainWorker } from './plain.ts';
import { workflowId, writeProject } from './project.ts';

/** What part three needs of the bench. */
export interface WorkflowOptions {
  readonly environment: Environment;
  /** Empty folder for the project and the servers' data; removed at the end. */
  readonly folder: string;
  readonly progress: (text: string) => void;
}

/** Runs a load to its end on one side or the other. Rejects when an output is not what it must be. */
export interface Sides {
  /** Folder of the config project. */
  readonly projectDir: string;
  /** Everything between the start of a run and its result: plan and record included. */
  cloister(load: Load): Promise<void>;
  plain(load: Load): Promise<void>;
  close(): Promise<void>;
}

/** Starts both sides. When one does not start, what had started is ended again. */
export async function startSides(options: WorkflowOptions, loads: readonly Load[]): Promise<Sides> {
  await using starting = new AsyncDisposableStack();
  const { environment, folder, progress } = options;
  const projectDir = join(folder, 'project');
  await writeProject(projectDir, loads);
  // Always a server of our own: somebody's may be slower, or have a host on it that takes our runs.
  const own = { ...environment, temporalAddress: null };
  const dbFile = join(folder, 'temporal', 'temporal.db');
  const server = await connectOrStart({ environment: own, dbFile, headless: true, log: progress });
  starting.defer(() => server.close());
  const { address, namespace } = server;
  const host = await startDevelopment({
    environment: { ...environment, temporalAddress: address, temporalNamespace: namespace },
    projectDir,
    dataDir: join(folder, 'data'),
    port: 0,
    progress,
  });
  starting.defer(() => host.close());
  const native = await NativeConnection.connect({ address });
  starting.defer(() => native.close());
  starting.defer(await startPlainWorker(native, namespace));
  const connection = await Connection.connect({ address });
  starting.defer(() => connection.close());
  const client = new Client({ connection, namespace });
  const wanted = await answers(loads);
  const owned = starting.move();
  return {
    projectDir,
    cloister: async (load) => {
      const run = await host.start(workflowId(load), {});
      const result = await client.workflow.getHandle(run.workflowId, run.runId).result();
      const { activities } = result as { activities: Record<string, { output?: unknown }> };
      const outputs = Object.values(activities).map(({ output }) => output);
      verify(outputs, load.steps, wanted.get(load.n));
    },
    plain: async (load) => {
      const started = { taskQueue: PLAIN_QUEUE, workflowId: randomUUID(), args: [load] };
      const outputs = await client.workflow.execute('plainWorkflow', started);
      verify(outputs as unknown[], load.steps, wanted.get(load.n));
    },
    close: () => owned.disposeAsync(),
  };
}

/** What a step of each load must answer, as JSON text. */
async function answers(loads: readonly Load[]): Promise<ReadonlyMap<number, string>> {
  const wanted = new Map<number, string>();
  for (const { n } of loads) wanted.set(n, JSON.stringify(await main({ n })));
  return wanted;
}

function verify(outputs: readonly unknown[], steps: number, wanted: string | undefined): void {
  const wrong = outputs.find((output) => JSON.stringify(output) !== wanted);
  if (outputs.length === steps && wrong === undefined) return;
  throw new Error(
    `found ${outputs.length} outputs, one of them ${JSON.stringify(wrong)}; expected ${steps} times ${wanted}`,
  );
}
