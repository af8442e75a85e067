/** The same work without Cloister: a plain Temporal worker whose activities are ordinary functions of this process. */
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, type NativeConnection, Worker } from '@temporalio/worker';
import type { Load } from './load.ts';
import { main } from './load.ts';

/** Task queue of the plain worker. */
export const PLAIN_QUEUE = 'bench-plain';

const IGNORE = (): void => undefined;
const QUIET = { log: IGNORE, trace: IGNORE, debug: IGNORE, info: IGNORE, warn: IGNORE, error: IGNORE };

/** Starts the plain worker; the function that it returns drains and ends it. */
export async function startPlainWorker(connection: NativeConnection, namespace: string): Promise<() => Promise<void>> {
  const workflowsPath = fileURLToPath(new URL('workflow.ts', import.meta.url));
  const worker = await Worker.create({
    connection,
    namespace,
    taskQueue: PLAIN_QUEUE,
    workflowBundle: await bundleWorkflowCode({ workflowsPath, logger: QUIET }),
    activities: { fib: async (params: Pick<Load, 'n'>) => main(params) },
  });
  const ended = worker.run();
  return async () => {
    worker.shutdown();
    await ended;
  };
}
