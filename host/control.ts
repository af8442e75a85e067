/** What people and other systems steer a host by: the API with its parts, triggers, schedules, chores, the App in Aidbox. */
import { Keys } from './access/keys.ts';
import { Limits } from './access/limits.ts';
import { reachable } from './address.ts';
import { openRegistration } from './aidbox/index.ts';
import { writeEvent } from './api/audit.ts';
import { type Api, type ApiOptions, startApi } from './api/server.ts';
import { Chores } from './chores/index.ts';
import { choreList } from './chores/list.ts';
import type { HostOperations } from './metrics/operations.ts';
import { NO_FHIR } from './modules.ts';
import type { HostOptions } from './options.ts';
import { openRunCode } from './projects/code/usage.ts';
import type { Projects } from './projects/start.ts';
import { sweepCode } from './repository/code.ts';
import { Schedules } from './schedules/index.ts';
import type { ScriptHost } from './scripts.ts';
import { Triggers } from './triggers/index.ts';
import { Webhooks } from './webhooks/index.ts';
import type { Work } from './work.ts';

/** A control plane that serves. */
export interface Control {
  /** Base URL of the API. */
  readonly url: string;
  close(): Promise<void>;
}

/** Parts of a host that run before its API does. */
export interface Running {
  readonly scripts: ScriptHost;
  readonly operations: HostOperations;
  readonly work: Work;
  /** Null: the host has no part in project workers. */
  readonly projects: Projects | null;
}

/** Starts the API and what works beside it. When a part does not start, what had started is ended again. */
export async function startControl(options: HostOptions, running: Running): Promise<Control> {
  const { work } = running;
  await using starting = new AsyncDisposableStack();
  const checks = checksOf(options, running);
  const schedules = new Schedules(work.client, options.taskQueue);
  const { triggerSettings: settings, log } = options;
  const fhir = running.scripts.fhir.host;
  const triggers = new Triggers({ settings, shelf: work.shelf, fhir, schedules, log });
  const chores = openChores(options, work);
  const served = { ...partsOf(options, running), schedules, triggers, chores, checks };
  const api = await listen(served, options.orFreePort === true);
  starting.defer(() => api.close());
  // In the words that other services of this kind have, and that start scripts wait for.
  log.info({ event: 'listening' }, `Worker service listening on port ${new URL(api.url).port}`);
  starting.defer(() => work.runs.followers.close());
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
  return { url: api.url, close: () => owned.disposeAsync() };
}

/** What `/health` asks; parts that begin later add themselves. */
function checksOf(
  { rows, repository, fhir }: HostOptions,
  { scripts, work }: Running,
): Map<string, () => Promise<void>> {
  const checks = new Map<string, () => Promise<void>>();
  checks.set('temporal', async () => void (await work.client.workflowService.getSystemInfo({})));
  if (fhir !== NO_FHIR) checks.set('fhir', () => scripts.fhir.host.ping());
  checks.set('worker', stillRuns(work.worker.ended));
  if (rows) checks.set('database', () => rows.ping());
  if (repository) checks.set('repository', () => repository.healthy());
  return checks;
}

/** Resolves as long as something has not ended, however it may end. */
function stillRuns(ended: Promise<void>): () => Promise<void> {
  let isOver = false;
  const note = () => {
    isOver = true;
  };
  ended.then(note, note);
  return async () => {
    if (isOver) throw new Error('it has ended');
  };
}

function openChores({ choreSettings, project, rows, store, log }: HostOptions, { client, shelf }: Work): Chores {
  const chores = choreList({
    settings: choreSettings,
    repository: project.kind === 'commits' ? project.repository : null,
    sweep: () =>
      sweepCode({
        store,
        client,
        plan: (digest) => shelf.plan(digest),
        ...(rows && { guests: (startedBefore) => openRunCode(client, rows, startedBefore) }),
        now: Date.now(),
      }),
    rows,
  });
  return new Chores({ chores, store: rows, log });
}

/** Parts that endpoints are about, and who may call them. */
function partsOf(options: HostOptions, { scripts, operations, work, projects }: Running) {
  const { rows } = options;
  const { shelf, runs, ward, plugins } = work;
  const { runner, sandbox, audit } = scripts;
  const load = () => ({ sandbox: sandbox.stats(), waiting: runner.waiting });
  operations.meter.watch(load);
  const settings = options.webhookSettings;
  const webhooks = new Webhooks({ ...options, settings, deliveries: rows, runner, shelf, runs, ward });
  const keys = rows && new Keys(rows);
  const written: ApiOptions['written'] = (write) => audit.write(writeEvent(write));
  return {
    ...options,
    access: { ...options.access, keys },
    keys,
    projects: projects?.workers ?? null,
    projectCode: projects?.code ?? null,
    projectRuns: projects?.runs ?? null,
    projectQueues: projects?.queues ?? null,
    doctor: projects?.doctor ?? null,
    limits: new Limits(options.limits),
    written,
    shelf,
    runs,
    ward,
    plugins,
    webhooks,
    load,
    operations,
  };
}

async function listen(options: ApiOptions, orFreePort: boolean): Promise<Api> {
  try {
    return await startApi(options);
  } catch (error) {
    if (!orFreePort || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    return startApi({ ...options, port: 0 });
  }
}
