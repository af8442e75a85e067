/** The work of a host: runs in Temporal, the plans they are pinned to, and the worker that walks them. */
import { Client, Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { probeTenants } from './broker/fhir.ts';
import { labelledCommit } from './commits.ts';
import { ensureAttributes } from './embedded/temporal.ts';
import type { HostOperations } from './metrics/operations.ts';
import type { HostOptions } from './options.ts';
import { PlanShelf } from './plans.ts';
import { Plugins } from './plugins/index.ts';
import { Ward } from './quarantine.ts';
import { Runs } from './runs/index.ts';
import { RunLogs } from './runs/logs.ts';
import type { ScriptHost } from './scripts.ts';
import { TenantSeparation } from './separation.ts';
import { Admission } from './temporal/admission.ts';
import { type BillingWorker, startWorker } from './temporal/worker.ts';

/** What is at work. `close` stops the worker, then ends what it needs. */
export interface Work {
  readonly client: Client;
  readonly runs: Runs;
  readonly shelf: PlanShelf;
  readonly ward: Ward;
  readonly plugins: Plugins | null;
  readonly worker: BillingWorker;
  close(): Promise<void>;
}

/** Connects to Temporal and starts the worker. When a part does not start, what had started is ended again. */
export async function startWork(options: HostOptions, scripts: ScriptHost, operations: HostOperations): Promise<Work> {
  const { temporal, log, rows } = options;
  await using starting = new AsyncDisposableStack();
  const [native, connection] = await Promise.all([
    NativeConnection.connect({ address: temporal.address }),
    Connection.connect({ address: temporal.address }),
  ]);
  starting.defer(() => native.close());
  starting.defer(() => connection.close());
  await ensureAttributes(connection, temporal.namespace).catch((error: unknown) => {
    log.warn({ err: error }, 'the search attributes of runs could not be registered: register them by hand');
  });
  const { namespace } = temporal;
  const client = new Client({ connection, namespace, interceptors: { workflow: operations.starts } });
  const fhir = scripts.fhir.host;
  const logs = rows && new RunLogs({ store: rows, log });
  if (logs) starting.defer(() => logs.close());
  const queue = options.taskQueue;
  const admission = new Admission();
  const kept = { ...(rows && { keys: rows }), ...(logs && { logs }) };
  const runs = new Runs(client, fhir, { ...(queue && { queue }), ...kept, admission });
  const ward = openWard(options, scripts, client);
  starting.defer(() => ward.close());
  const { shelf, plugins } = await openShelf(options, scripts, operations);
  const worker =
    options.billing === false
      ? idleWorker()
      : await startWorker({
          ...options,
          connection: native,
          namespace,
          fhir,
          shelf,
          admission,
          runner: scripts.runner,
          ward,
          watch: operations.worker,
          failed: (error, { workflow, activity, tenant }) => {
            log.error({ workflow, activity, tenant, err: error }, 'a script could not be prepared, and is tried again');
          },
          log: (line, of) => {
            log[line.level]({ script: true, ...of, data: line.data }, line.message);
            options.scriptLog?.(line, of.activity);
            logs?.write(line, of);
          },
        });
  starting.defer(() => worker.stop());
  const owned = starting.move();
  return { client, runs, shelf, ward, plugins, worker, close: () => owned.disposeAsync() };
}

/** In place of the worker of a host that runs no config project. */
function idleWorker(): BillingWorker {
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  return { ended, stop: async () => resolve() };
}

function openWard(
  { quarantine, quarantineStore: store, project, log }: HostOptions,
  { audit }: ScriptHost,
  client: Client,
) {
  // What is in the editor changes without a commit.
  const commitOf = project.kind === 'commits' ? labelledCommit(client) : null;
  return new Ward({ ...quarantine, store, audit, log, commitOf });
}

async function openShelf(options: HostOptions, { sandbox }: ScriptHost, { meter }: HostOperations) {
  const { rows, log } = options;
  const separation = new TenantSeparation(() => probeTenants(options.fhir), log);
  if (options.billing !== false) await separation.refusal();
  const build = sandbox.build.bind(sandbox);
  const plugins = rows && (await Plugins.open({ ...options, store: rows, build }));
  const lookup = meter.lookup.bind(meter);
  return { plugins, shelf: await PlanShelf.open({ ...options, lookup, plugins, separation, build }) };
}
