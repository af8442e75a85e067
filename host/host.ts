/** A host put together: what scripts run in, the work in Temporal, and the control plane over both. */
import { startControl } from './control.ts';
import { speakForTemporal } from './log.ts';
import { openOperations } from './metrics/operations.ts';
import type { HostOptions } from './options.ts';
import type { PlanShelf } from './plans.ts';
import { startProjects } from './projects/start.ts';
import type { Runs } from './runs/index.ts';
import { createScriptHost } from './scripts.ts';
import { startWork } from './work.ts';

/** A host that serves. */
export interface Host {
  /** Base URL of the API. */
  readonly url: string;
  readonly runs: Runs;
  readonly shelf: PlanShelf;
  /** Rejects when the worker failed; settles when it was stopped. */
  readonly ended: Promise<void>;
  /** Stops taking work, drains what runs, ends every child process. */
  close(): Promise<void>;
}

/** Starts a host. When a part does not start, what had started is ended again. */
export async function startHost(options: HostOptions): Promise<Host> {
  speakForTemporal(options.log);
  await using starting = new AsyncDisposableStack();
  const operations = await openOperations(options.traces);
  starting.defer(() => operations.close());
  const scripts = createScriptHost(options, operations.scripts);
  starting.defer(() => scripts.close());
  const work = await startWork(options, scripts, operations);
  starting.defer(() => work.close());
  const projects = await startProjects(options, { scripts, operations, work });
  if (projects) starting.defer(() => projects.close());
  const control = await startControl(options, { scripts, operations, work, projects });
  starting.defer(() => control.close());
  const owned = starting.move();
  const close = async (): Promise<void> => {
    operations.stop();
    // The API says meanwhile that it stops. How the worker ended is heard below.
    await Promise.all([work.worker.stop().catch(() => undefined), projects?.workers.close()]);
    await owned.disposeAsync();
  };
  return { url: control.url, runs: work.runs, shelf: work.shelf, ended: work.worker.ended, close };
}
