/** Runs: start, list, show, follow and end, over Temporal and the BillingWorkflow resource. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { IdempotencyStore } from '../../registry/index.ts';
import type { FhirHost } from '../broker/fhir.ts';
import { ApiError } from '../error.ts';
import { Admission } from '../temporal/admission.ts';
import { BILLING_QUEUE } from '../temporal/queue.ts';
import type { ActivityState } from '../temporal/workflows/types.ts';
import { archivedRun } from './archive.ts';
import { type Ask, asker } from './ask.ts';
import { ClosedRuns } from './closed.ts';
import { Followers } from './followers.ts';
import { type RunTrace, readFailure, readHistory, readTime } from './history.ts';
import { KeyedStarts } from './idempotency.ts';
import { type ListRuns, RunList, type RunPage } from './list.ts';
import type { RunLogs } from './logs.ts';
import { withRecord } from './record.ts';
import { notFound } from './refusal.ts';
import { type StartedRun, type StartRun, startRun } from './start.ts';
import { type OpenState, type RunIds, type RunView, viewRun } from './view.ts';

export type { StartedRun, StartRun };

/** What runs are kept with, beside Temporal and FHIR. */
export interface RunsOptions {
  /** Task queue; absent: `billing`. */
  readonly queue?: string;
  /** Absent: Temporal alone remembers starts under a key. */
  readonly keys?: IdempotencyStore;
  /** Absent: what scripts log is in the host's log only. */
  readonly logs?: RunLogs;
  /** Is told of each start, where a worker takes runs up beside it. */
  readonly admission?: Admission;
}

/** Whose run is looked for. */
export interface RunOf {
  /** YAML id. */
  readonly workflow: string;
  /** A Temporal run id, or a workflow id and means its latest run. */
  readonly id: string;
  /** The caller's tenant; null: any. */
  readonly tenant: string | null;
}

const QUERY_TIMEOUT_MS = 2000;
const INDEX_LAG_MS = 400;
const REMEMBERED = 1000;
const NOTHING: OpenState = { walk: {}, pending: new Map() };

/** All that can be done with runs. Rejects with `ApiError` for what a client can mend or wait for. */
export class Runs {
  readonly keyed: KeyedStarts;
  readonly followers: Followers;
  /** Null: what scripts log is in the host's log only. */
  readonly logs: RunLogs | null;
  readonly #client: Client;
  readonly #fhir: FhirHost;
  readonly #queue: string;
  readonly #ask: Ask;
  readonly #list: RunList;
  readonly #admission: Admission;
  readonly #closed = new ClosedRuns();
  /** Run id → workflow id of what was started or seen here: Temporal's index of runs knows them a moment later. */
  readonly #known = new Map<string, string>();

  constructor(client: Client, fhir: FhirHost, { queue = BILLING_QUEUE, keys, logs, admission }: RunsOptions = {}) {
    this.#client = client;
    this.#fhir = fhir;
    this.#queue = queue;
    this.#ask = asker(client);
    this.#admission = admission ?? new Admission();
    this.#list = new RunList(this.#ask, client.options.namespace);
    this.keyed = new KeyedStarts(keys ?? null, (workflowId) => this.#remembered(workflowId));
    this.followers = new Followers({ pulse: (ids) => this.#pulse(ids), view: (ids) => this.#shown(ids) });
    this.logs = logs ?? null;
  }

  /** Starts a run, or finds the one that runs under the same id. */
  async start(request: StartRun): Promise<StartedRun> {
    const started = await this.#admission.watch(() => startRun(this.#ask, this.#queue, request));
    this.#remember(started);
    return started;
  }

  /** Asks a run to cancel: its scripts end, its resource is closed. */
  async cancel({ workflowId, runId }: RunIds, reason = ''): Promise<void> {
    const { namespace, identity } = this.#client.options;
    const workflowExecution = { workflowId, runId };
    await this.#ask(({ workflowService }) =>
      workflowService.requestCancelWorkflowExecution({ namespace, identity, workflowExecution, reason }),
    );
  }

  /** Ends a run at once, as it is; its resource is closed. */
  async terminate(ids: RunIds, reason: string): Promise<void> {
    await this.#ask((client) => client.workflow.getHandle(ids.workflowId, ids.runId).terminate(reason));
    await this.#shown(ids);
  }

  /** Runs, newest first. */
  list(request: ListRuns): Promise<RunPage> {
    return this.#list.page(request);
  }

  /** One run. A run of another workflow, or of another tenant, is `RUN_NOT_FOUND`. */
  async get(of: RunOf): Promise<RunView> {
    try {
      return await withRecord(this.#fhir, checked(await this.#view(await this.#find(of.id)), of));
    } catch (error) {
      if (!(error instanceof ApiError) || error.code !== 'RUN_NOT_FOUND') throw error;
      return checked(await archivedRun(this.#fhir, of.tenant, of.id), of);
    }
  }

  /** What history tells of a run, with its ids. Rejects as `get` does; a run that Temporal has forgotten is not found. */
  async trace(of: RunOf): Promise<{ readonly ids: RunIds; readonly trace: RunTrace }> {
    const ids = await this.#find(of.id);
    const trace = await this.#trace(ids);
    if (trace === null) throw notFound();
    checked(viewRun(ids, trace, NOTHING), of);
    return { ids, trace };
  }

  /** Yields the run's view whenever it changed, until it is closed. */
  async *follow(ids: RunIds, intervalMs = 100): AsyncGenerator<RunView> {
    let last = '';
    for (;;) {
      const view = await this.#view(ids);
      if (!view) throw notFound();
      const text = JSON.stringify(view);
      if (view.status !== 'in-progress') {
        yield await withRecord(this.#fhir, view);
        return;
      }
      if (text !== last) yield view;
      last = text;
      await sleep(intervalMs);
    }
  }

  #remember({ workflowId, runId }: RunIds): void {
    this.#known.set(runId, workflowId);
    const [oldest] = this.#known.keys();
    if (this.#known.size > REMEMBERED && oldest !== undefined) this.#known.delete(oldest);
  }

  async #find(id: string): Promise<RunIds> {
    const known = this.#known.get(id) ?? (await this.#indexed(id));
    if (known !== null) return { workflowId: known, runId: id };
    const { workflowId, runId } = await this.#ask((client) => client.workflow.getHandle(id).describe());
    return { workflowId, runId };
  }

  /** Workflow id of a run, as Temporal's index has it. It may lag: what is not there is asked for once more. */
  async #indexed(runId: string): Promise<string | null> {
    if (!/^[0-9a-f-]{36}$/i.test(runId)) return null;
    const { namespace } = this.#client.options;
    for (const waitMs of [0, INDEX_LAG_MS]) {
      await sleep(waitMs);
      const query = `RunId = '${runId}'`;
      const page = await this.#ask(({ workflowService }) =>
        workflowService.listWorkflowExecutions({ namespace, pageSize: 1, query }),
      );
      const workflowId = page.executions[0]?.execution?.workflowId;
      if (!workflowId) continue;
      this.#remember({ workflowId, runId });
      return workflowId;
    }
    return null;
  }

  /** The run as everybody is shown it. */
  async #shown(ids: RunIds): Promise<RunView> {
    const view = await this.#view(ids);
    if (view === null) throw notFound();
    return withRecord(this.#fhir, view);
  }

  async #view(ids: RunIds): Promise<RunView | null> {
    const closed = this.#closed.get(ids.runId);
    if (closed) return closed;
    const trace = await this.#trace(ids);
    if (trace === null) return null;
    const view = viewRun(ids, trace, trace.end ? NOTHING : await this.#open(ids));
    this.#closed.keep(view);
    return view;
  }

  async #trace({ workflowId, runId }: RunIds): Promise<RunTrace | null> {
    const history = await this.#ask((client) => client.workflow.getHandle(workflowId, runId).fetchHistory());
    return readHistory(history.events ?? []);
  }

  /** With no worker up the query does not answer: history alone has to do. */
  async #open(ids: RunIds): Promise<OpenState> {
    const handle = this.#client.workflow.getHandle(ids.workflowId, ids.runId);
    const [walk, description] = await Promise.all([
      this.#client
        .withDeadline(Date.now() + QUERY_TIMEOUT_MS, () => handle.query<Record<string, ActivityState>>('walk'))
        .catch(() => ({})),
      this.#ask(() => handle.describe()),
    ]);
    const pending = (description.raw.pendingActivities ?? []).map((activity) => {
      const id = (activity.activityId ?? '').replace(/~\d+$/, '');
      const attempt = activity.attempt ?? 1;
      const error = activity.lastFailure ? readFailure(activity.lastFailure, attempt - 1) : null;
      return [id, { attempt, error, startedAt: readTime(activity.lastStartedTime) }] as const;
    });
    return { walk, pending: new Map(pending) };
  }

  /** Changes with every event of the run, and with every attempt of an activity, which is no event. */
  async #pulse({ workflowId, runId }: RunIds): Promise<string> {
    const { raw, historyLength } = await this.#ask((client) => client.workflow.getHandle(workflowId, runId).describe());
    const pending = (raw.pendingActivities ?? []).map(({ activityId, attempt, state }) => [activityId, attempt, state]);
    return JSON.stringify([historyLength, pending]);
  }

  async #remembered(workflowId: string): Promise<{ mark: string; body: unknown } | null> {
    try {
      const { runId, memo } = await this.#ask((client) => client.workflow.getHandle(workflowId).describe());
      const { CloisterRequest, CloisterWorkflow: workflow, CloisterBranch: branch = null } = memo ?? {};
      if (typeof CloisterRequest !== 'string') return null;
      const body = { workflowId, runId, workflow, branch, status: 'in-progress', deduplicated: false };
      return { mark: CloisterRequest, body };
    } catch (error) {
      if (error instanceof ApiError && error.code === 'RUN_NOT_FOUND') return null;
      throw error;
    }
  }
}

function checked(view: RunView | null, { workflow, tenant }: RunOf): RunView {
  if (view === null || view.workflow !== workflow) throw notFound();
  if (tenant !== null && view.tenantOrganizationId !== tenant) throw notFound();
  return view;
}
