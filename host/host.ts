/** A host put together: broker, sandbox, Temporal worker and API over the servers it was given. */
import { Client, Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import type { Logger } from 'pino';
import type { AuditStore, CodeStore, QuarantineStore, Store } from '../registry/index.ts';
import { createSandbox, type LogLine } from '../sandbox/index.ts';
import { Keys } from './access/keys.ts';
import { type LimitRule, Limits } from './access/limits.ts';
import { reachable } from './address.ts';
import { openRegistration } from './aidbox/index.ts';
import type { Aidbox } from './aidbox/registration.ts';
import type { Access } from './api/access.ts';
import { writeEvent } from './api/audit.ts';
import { type Api, type ApiOptions, startApi } from './api/server.ts';
import { Audit } from './audit.ts';
import { createDbCapability, type DbOptions } from './broker/db.ts';
import { createFhirCapability, type FhirOptions, probeTenants } from './broker/fhir.ts';
import { createHttpCapability } from './broker/http.ts';
import { Broker } from './broker/index.ts';
import { Chores } from './chores/index.ts';
import { type ChoreSettings, choreList } from './chores/list.ts';
import { labelledCommit } from './commits.ts';
import { Deaths } from './deaths.ts';
import { ensureAttributes } from './embedded/temporal.ts';
import { speakForTemporal } from './log.ts';
import { openOperations } from './metrics/operations.ts';
import { PlanShelf, type ProjectSource } from './plans.ts';
import { Plugins } from './plugins/index.ts';
import { type QuarantineRule, Ward } from './quarantine.ts';
import { sweepCode } from './repository/code.ts';
import type { Repository } from './repository/index.ts';
import { ScriptRunner, type ScriptWatch } from './runner.ts';
import { Runs } from './runs/index.ts';
import { RunLogs } from './runs/logs.ts';
import { Schedules } from './schedules/index.ts';
import { TenantSeparation } from './separation.ts';
import { startWorker } from './temporal/worker.ts';
import type { TenantRules } from './tenants.ts';
import type { TraceSettings } from './tracing/tracing.ts';
import { type TriggerSettings, Triggers } from './triggers/index.ts';
import { type WebhookSettings, Webhooks } from './webhooks/index.ts';

/** What a host is made of. Nothing in it is optional by omission: null says that a part is not there. */
export interface HostOptions {
  readonly temporal: { readonly address: string; readonly namespace: string };
  /** Task queue of the runs; absent: `billing`. */
  readonly taskQueue?: string;
  readonly fhir: FhirOptions;
  readonly db: DbOptions | null;
  readonly store: CodeStore;
  /** Tables of the registry; null: the host has no database, and parts that need one are not there. */
  readonly rows: Store | null;
  /** Null: audit events are in the host's log only. */
  readonly auditStore: AuditStore | null;
  /** Cell processes at once, and the memory for all of them, MiB; null: half of what there is. */
  readonly cells: { readonly most: number; readonly memoryMb: number | null };
  readonly quarantineStore: QuarantineStore;
  readonly quarantine: QuarantineRule;
  readonly project: ProjectSource;
  /** Null: the project is no repository that the API is about. */
  readonly repository: Repository | null;
  readonly tenants: TenantRules;
  readonly builtInDir: string | null;
  readonly access: Access;
  /** How often callers may call. */
  readonly limits: LimitRule;
  readonly address: string;
  readonly port: number;
  /** Serve the same on this port too. */
  readonly furtherPort?: number;
  /** Take a free port when that one is in use. */
  readonly orFreePort?: boolean;
  readonly unscopedRuns: 'allow' | 'deny';
  /** Where others reach the API; null: where it listens. */
  readonly apiBaseUrl: string | null;
  /** Secret of the App in Aidbox; null: the host is no App. */
  readonly appSecret: string | null;
  /** Aidbox, where the host registers itself; null: there is none. */
  readonly aidbox: Aidbox | null;
  readonly triggerSettings: TriggerSettings;
  readonly choreSettings: ChoreSettings;
  readonly webhookSettings: WebhookSettings;
  readonly payloadMaxBytes: number;
  readonly cacheDir: string;
  readonly graceMs: number;
  readonly forceMs: number;
  readonly progress: (text: string) => void;
  /** Null: nothing is traced. */
  readonly traces: TraceSettings | null;
  readonly log: Logger;
  /** Gets what scripts log, beside the host's own log. */
  readonly scriptLog?: (line: LogLine, activity: string) => void;
}

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

/** Broker and sandbox with the runner over both: all that running a script takes. `exec` needs no more. */
export function createScriptHost(
  options: Pick<HostOptions, 'fhir' | 'db' | 'auditStore' | 'cells' | 'log'>,
  watch?: ScriptWatch,
) {
  const { auditStore, cells, log } = options;
  const audit = new Audit({ store: auditStore, log });
  const fhir = createFhirCapability(options.fhir);
  const capabilities = [fhir, createHttpCapability({}), ...(options.db ? [createDbCapability(options.db)] : [])];
  const broker = new Broker(capabilities, {
    denied: (denial) => audit.write(denial),
    failed: (method, error, { runId, activity }) =>
      log.error({ method, runId, activity, err: error }, 'a capability failed'),
  });
  const deaths = new Deaths();
  const sandbox = createSandbox({
    maxCells: cells.most,
    ...(cells.memoryMb !== null && { memoryMb: cells.memoryMb }),
    log: (told) => {
      deaths.note(told);
      const { event, ...about } = told;
      log.warn(about, event);
    },
  });
  return {
    fhir,
    audit,
    sandbox,
    runner: new ScriptRunner(sandbox, broker, deaths, watch),
    close: async () => {
      await sandbox.close();
      await broker.close();
      await audit.close();
    },
  };
}

/** Starts a host. When a part does not start, what had started is ended again. */
export async function startHost(options: HostOptions): Promise<Host> {
  const { temporal, log, tenants } = options;
  speakForTemporal(log);
  await using starting = new AsyncDisposableStack();
  const operations = await openOperations(options.traces);
  starting.defer(() => operations.close());
  const scripts = createScriptHost(options, operations.scripts);
  starting.defer(() => scripts.close());
  const [native, connection] = await Promise.all([
    NativeConnection.connect({ address: temporal.address }),
    Connection.connect({ address: temporal.address }),
  ]);
  starting.defer(() => native.close());
  starting.defer(() => connection.close());
  await ensureAttributes(connection, temporal.namespace).catch((error: unknown) => {
    log.warn({ err: error }, 'the search attributes of runs could not be registered: register them by hand');
  });
  const client = new Client({
    connection,
    namespace: temporal.namespace,
    interceptors: { workflow: operations.starts },
  });
  const fhir = scripts.fhir.host;
  const { rows } = options;
  const logs = rows && new RunLogs({ store: rows, log });
  if (logs) starting.defer(() => logs.close());
  const queue = options.taskQueue;
  const runs = new Runs(client, fhir, { ...(queue && { queue }), ...(rows && { keys: rows }), ...(logs && { logs }) });
  const separation = new TenantSeparation(() => probeTenants(options.fhir), log);
  await separation.refusal();
  const { quarantine, quarantineStore: store, project } = options;
  // What is in the editor changes without a commit.
  const commitOf = project.kind === 'commits' ? labelledCommit(client) : null;
  const ward = new Ward({ ...quarantine, store, audit: scripts.audit, log, commitOf });
  starting.defer(() => ward.close());
  const build = scripts.sandbox.build.bind(scripts.sandbox);
  const plugins = options.rows && (await Plugins.open({ ...options, store: options.rows, build }));
  const shelf = await PlanShelf.open({
    ...options,
    lookup: operations.meter.lookup.bind(operations.meter),
    plugins,
    separation,
    build,
  });
  const worker = await startWorker({
    ...options,
    connection: native,
    namespace: temporal.namespace,
    fhir,
    shelf,
    tenants,
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
  const checks = new Map([
    ['temporal', async () => void (await client.workflowService.getSystemInfo({}))],
    ['fhir', () => fhir.ping()],
  ]);
  if (rows) checks.set('database', () => rows.ping());
  const { repository } = options;
  if (repository) checks.set('repository', () => repository.healthy());
  const load = () => ({ sandbox: scripts.sandbox.stats(), waiting: scripts.runner.waiting });
  operations.meter.watch(load);
  const schedules = new Schedules(client, options.taskQueue);
  const parts = {
    settings: options.choreSettings,
    repository: project.kind === 'commits' ? project.repository : null,
    sweep: () => sweepCode({ store: options.store, client, plan: (digest) => shelf.plan(digest), now: Date.now() }),
    rows,
  };
  const chores = new Chores({ chores: choreList(parts), store: rows, log });
  const triggers = new Triggers({ settings: options.triggerSettings, shelf, fhir, schedules, log });
  const webhooks = new Webhooks({
    ...options,
    settings: options.webhookSettings,
    deliveries: rows,
    runner: scripts.runner,
    shelf,
    runs,
    ward,
  });
  const keys = rows && new Keys(rows);
  const callers = { access: { ...options.access, keys }, keys, limits: new Limits(options.limits) };
  const written: ApiOptions['written'] = (write) => scripts.audit.write(writeEvent(write));
  const served = {
    ...options,
    ...callers,
    written,
    schedules,
    triggers,
    chores,
    shelf,
    runs,
    ward,
    plugins,
    webhooks,
    checks,
    load,
    operations,
  };
  const api = await listen(served, options.orFreePort === true);
  starting.defer(() => api.close());
  starting.defer(() => runs.followers.close());
  chores.start();
  starting.defer(() => chores.close());
  const apiBaseUrl = options.apiBaseUrl ?? reachable(api.url);
  triggers.begin(apiBaseUrl);
  if (options.triggerSettings.atStart) checks.set('triggers', () => triggers.check());
  starting.defer(() => triggers.close());
  const registration = openRegistration({ ...options, apiBaseUrl });
  if (registration) {
    checks.set('app', () => registration.check());
    starting.defer(() => registration.close());
  }
  if (options.furtherPort !== undefined) {
    const further = await startApi({ ...served, port: options.furtherPort });
    starting.defer(() => further.close());
  }
  const owned = starting.move();
  const close = async (): Promise<void> => {
    operations.stop();
    // The API says meanwhile that it stops. How the worker ended is heard below.
    await worker.stop().catch(() => undefined);
    await owned.disposeAsync();
  };
  return { url: api.url, runs, shelf, ended: worker.ended, close };
}

async function listen(options: ApiOptions, orFreePort: boolean): Promise<Api> {
  try {
    return await startApi(options);
  } catch (error) {
    if (!orFreePort || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    return startApi({ ...options, port: 0 });
  }
}
