/** Runs: start, list, show and follow, over Temporal and the BillingWorkflow resource. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Client,
  isGrpcServiceError,
  ServiceError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
} from '@temporalio/client';
import type { FhirHost } from '../broker/fhir.ts';
import { ApiError } from '../error.ts';
import { BILLING_QUEUE } from '../temporal/queue.ts';
import type { ActivityState, BillingArgs, Pin, Trigger } from '../temporal/workflows/types.ts';
import { fromCursor, toCursor } from './cursor.ts';
import { readFailure, readHistory } from './history.ts';
import { withRecord } from './record.ts';
import { type OpenState, type RunIds, type RunStatus, type RunSummary, type RunView, viewRun } from './view.ts';
import { newestFirst, summarise, visibilityQuery } from './visibility.ts';

/** What starts a run. */
export interface StartRun {
  readonly workflow: string;
  readonly branch: string | null;
  readonly input: Readonly<Record<string, unknown>>;
  /** Temporal workflow id; absent: a UUID. */
  readonly workflowId?: string;
  readonly trigger?: Trigger;
  /** The plan to run; absent: compiled by the run's first step. */
  readonly pin?: Pin;
}

/** What a start led to. */
export interface StartedRun extends RunIds {
  /** Of the run that runs: a run found under the id may be of another workflow. */
  readonly workflow: string;
  readonly branch: string | null;
  readonly deduplicated: boolean;
}

/** Which runs to list. */
export interface ListRuns {
  readonly workflow: string;
  /** `*` for all. */
  readonly branch: string | '*' | null;
  readonly status: RunStatus | null;
  readonly tenant: string | null;
  readonly limit: number;
  readonly cursor: string | null;
}

const CALL_TIMEOUT_MS = 5000;
const QUERY_TIMEOUT_MS = 2000;
/** Status codes of gRPC. */
const DEADLINE_EXCEEDED = 4;
const UNAVAILABLE = 14;
const INDEX_LAG_MS = 400;
const REMEMBERED = 1000;
const NOTHING: OpenState = { walk: {}, pending: new Map() };

/** All that can be done with runs. Rejects with `ApiError` for what a client can mend or wait for. */
export class Runs {
  readonly #client: Client;
  readonly #fhir: FhirHost;
  readonly #queue: string;
  /** Run id → workflow id of what was started here: Temporal's index of runs knows them a moment later. */
  readonly #started = new Map<string, string>();

  constructor(client: Client, fhir: FhirHost, queue: string = BILLING_QUEUE) {
    this.#client = client;
    this.#fhir = fhir;
    this.#queue = queue;
  }

  /** Starts a run, or finds the one that runs under the same id. */
  async start(request: StartRun): Promise<StartedRun> {
    const workflowId = request.workflowId ?? randomUUID();
    const tenant = tenantOf(request.input);
    const trigger = request.trigger ?? { type: 'manual', id: null };
    const { workflow, branch, input } = request;
    const args: BillingArgs = { workflow, branch, input, trigger, ...(request.pin && { pin: request.pin }) };
    const labels = {
      CloisterWorkflow: workflow,
      ...(branch !== null && { CloisterBranch: branch }),
      ...(tenant !== null && { CloisterTenant: tenant }),
    };
    try {
      const handle = await this.#ask((client) =>
        client.workflow.start('billingWorkflow', {
          taskQueue: this.#queue,
          workflowId,
          args: [args],
          memo: labels,
          searchAttributes: Object.fromEntries(Object.entries(labels).map(([key, value]) => [key, [value]])),
          workflowIdReusePolicy: 'ALLOW_DUPLICATE',
          workflowIdConflictPolicy: 'FAIL',
        }),
      );
      const runId = handle.firstExecutionRunId;
      this.#remember({ workflowId, runId });
      return { workflowId, runId, workflow, branch, deduplicated: false };
    } catch (error) {
      if (error instanceof WorkflowExecutionAlreadyStartedError) return this.#running(workflowId, tenant);
      throw error;
    }
  }

  /** The SDK tries for half a minute where nobody answers: a client is told sooner. */
  async #ask<T>(question: (client: Client) => Promise<T>): Promise<T> {
    try {
      return await this.#client.withDeadline(Date.now() + CALL_TIMEOUT_MS, () => question(this.#client));
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) throw notFound();
      throw unavailable(error);
    }
  }

  #remember({ workflowId, runId }: RunIds): void {
    this.#started.set(runId, workflowId);
    const [oldest] = this.#started.keys();
    if (this.#started.size > REMEMBERED && oldest !== undefined) this.#started.delete(oldest);
  }

  async #running(workflowId: string, tenant: string | null): Promise<StartedRun> {
    const found = await this.#ask((client) => client.workflow.getHandle(workflowId).describe());
    const owner = found.memo?.CloisterTenant ?? null;
    if (found.type !== 'billingWorkflow' || owner !== tenant) {
      throw new ApiError('WORKFLOW_ID_TAKEN', 'this workflow id is taken', {
        where: '_workflowId',
        found: 'an id that is in use',
        expected: 'another id',
      });
    }
    const { CloisterWorkflow: workflow, CloisterBranch: branch = null } = found.memo as Record<string, string>;
    return { workflowId, runId: found.runId, workflow: workflow ?? '', branch, deduplicated: true };
  }

  /** Asks a run to cancel: its scripts end, its resource is closed. */
  async cancel({ workflowId, runId }: RunIds): Promise<void> {
    await this.#ask((client) => client.workflow.getHandle(workflowId, runId).cancel());
  }

  /** Runs of a workflow, newest first. */
  async list(request: ListRuns): Promise<{ runs: RunSummary[]; nextCursor: string | null }> {
    const { namespace } = this.#client.options;
    const nextPageToken = request.cursor === null ? null : fromCursor(request.cursor);
    if (request.cursor !== null && nextPageToken === null) throw badCursor();
    const page = await this.#ask(({ workflowService }) =>
      workflowService.listWorkflowExecutions({
        namespace,
        pageSize: request.limit,
        query: visibilityQuery(request),
        nextPageToken,
      }),
    );
    const runs = page.executions.map(summarise).sort(newestFirst);
    return { runs, nextCursor: toCursor(page.nextPageToken) };
  }

  /**
   * One run. `id` is a Temporal run id, or a workflow id and means its latest run. A run of another workflow, or of another
   * tenant than `tenant` (null: any), is `RUN_NOT_FOUND`.
   */
  async get(workflow: string, id: string, tenant: string | null = null): Promise<RunView> {
    const ids = await this.#find(id);
    const view = await this.#view(ids);
    if (!view || view.workflow !== workflow) throw notFound();
    if (tenant !== null && view.tenantOrganizationId !== tenant) throw notFound();
    return withRecord(this.#fhir, view);
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

  async #find(id: string): Promise<RunIds> {
    const known = this.#started.get(id) ?? (await this.#indexed(id));
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
      const found = page.executions[0]?.execution?.workflowId;
      if (found) return found;
    }
    return null;
  }

  async #view(ids: RunIds): Promise<RunView | null> {
    const { workflowId, runId } = ids;
    const history = await this.#ask((client) => client.workflow.getHandle(workflowId, runId).fetchHistory());
    const trace = readHistory(history.events ?? []);
    if (!trace) return null;
    return viewRun(ids, trace, trace.end ? NOTHING : await this.#open(ids));
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
      return [id, { attempt, error }] as const;
    });
    return { walk, pending: new Map(pending) };
  }
}

function tenantOf(input: Readonly<Record<string, unknown>>): string | null {
  const tenant = input.tenantOrganizationId;
  return typeof tenant === 'string' ? tenant : null;
}

function notFound(): ApiError {
  return new ApiError('RUN_NOT_FOUND', 'no such run');
}

function badCursor(): ApiError {
  const details = { where: 'query cursor', expected: 'the nextCursor of an earlier answer' };
  return new ApiError('BODY_INVALID', 'the query is not valid', details);
}

function unavailable(error: unknown): unknown {
  const cause = error instanceof ServiceError ? error.cause : error;
  const down = isGrpcServiceError(cause) && [DEADLINE_EXCEEDED, UNAVAILABLE].includes(cause.code);
  return down ? new ApiError('TEMPORAL_UNAVAILABLE', 'Temporal does not answer') : error;
}
