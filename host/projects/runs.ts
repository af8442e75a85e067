/** Runs of projects' workflows: started on the project's own task queue, and shown with what became of them. */
import { randomUUID } from 'node:crypto';
import {
  type Client,
  QueryNotRegisteredError,
  WorkflowExecutionAlreadyStartedError,
  type WorkflowExecutionDescription,
  type WorkflowExecutionInfo,
  WorkflowFailedError,
} from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import type { ProjectRow } from '../../registry/index.ts';
import { ApiError } from '../error.ts';
import { type Ask, asker } from '../runs/ask.ts';
import type { RunLogs } from '../runs/logs.ts';
import { notFound } from '../runs/refusal.ts';
import { quote } from '../runs/visibility.ts';
import { grpcOf, isLate } from '../temporal/trouble.ts';
import { isWorkflowId } from '../temporal/workflows/names.ts';
import { failureView, type RunFailureView } from './cause.ts';
import { linesOf, type ProjectLinePage } from './lines.ts';
import { type PendingActivityView, pendingViews } from './pending.ts';

/** Status of a run of a project, as Temporal has it. */
export const RUN_STATUSES = [
  'running',
  'completed',
  'failed',
  'cancelled',
  'terminated',
  'timed-out',
  'continued-as-new',
] as const;

/** A run without its result. Times are ISO 8601. */
export interface ProjectRunSummary {
  readonly workflowId: string;
  readonly runId: string;
  readonly type: string;
  readonly status: (typeof RUN_STATUSES)[number];
  readonly startedAt: string;
  readonly endedAt: string | null;
  /** Digest of the code that it is pinned to; null before its first step. */
  readonly codeDigest: string | null;
}

/** A run with what became of it. */
export interface ProjectRunView extends ProjectRunSummary {
  /** Null unless it completed. */
  readonly result: unknown;
  /** Null unless it ended otherwise. */
  readonly failure: RunFailureView | null;
  /** Activities that have not ended; none of a run that has. */
  readonly pendingActivities: readonly PendingActivityView[];
}

/** Ids of a run. */
export interface ProjectRunIds {
  readonly workflowId: string;
  readonly runId: string;
}

/** A run as a path names it. `runId` absent: the latest of the workflow id. */
export interface RunNamed {
  readonly workflowId: string;
  readonly runId?: string | undefined;
}

/** What is told to a run, or asked of it. */
export interface RunMessage {
  readonly name: string;
  readonly args: readonly unknown[];
}

/** What is to be started. */
export interface ProjectStart {
  readonly type: string;
  readonly args: readonly unknown[];
  /** Absent: a UUID. */
  readonly workflowId?: string;
}

type Project = Pick<ProjectRow, 'id' | 'tenant' | 'taskQueueName'>;

const STATUS: Readonly<Record<string, ProjectRunSummary['status']>> = {
  COMPLETED: 'completed',
  FAILED: 'failed',
  CANCELLED: 'cancelled',
  TERMINATED: 'terminated',
  TIMED_OUT: 'timed-out',
  CONTINUED_AS_NEW: 'continued-as-new',
};

/** Runs of every project. Rejects with `ApiError` for what a client can mend or wait for. */
export class ProjectRuns {
  readonly #ask: Ask;
  readonly #logs: RunLogs | null;

  /** Without `logs` what a run logs is in the host's log only. */
  constructor(client: Client, logs: RunLogs | null = null) {
    this.#ask = asker(client);
    this.#logs = logs;
  }

  /** Starts a run, or finds the one of the same type that runs under the id. Rejects with `WORKFLOW_ID_TAKEN`. */
  async start({ id, tenant, taskQueueName: taskQueue }: Project, { type, args, workflowId: named }: ProjectStart) {
    const workflowId = named ?? randomUUID();
    const memo = { CloisterTenant: tenant, CloisterProject: id };
    const options = { taskQueue, workflowId, args: [...args], memo, workflowIdConflictPolicy: 'FAIL' } as const;
    try {
      const handle = await this.#ask((client) => client.workflow.start(type, options));
      return { workflowId, runId: handle.firstExecutionRunId, deduplicated: false };
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      const found = await this.#ask((client) => client.workflow.getHandle(workflowId).describe());
      if (found.taskQueue === taskQueue && found.type === type)
        return { workflowId, runId: found.runId, deduplicated: true };
      throw new ApiError('WORKFLOW_ID_TAKEN', 'this workflow id is taken', {
        where: 'body workflowId',
        found: 'an id that is in use',
        expected: 'another id',
      });
    }
  }

  /** Those that are open, then those that ended last. */
  async list(project: Project, atMost: number): Promise<readonly ProjectRunSummary[]> {
    return this.#ask(async (client) => {
      const found: ProjectRunSummary[] = [];
      const query = `TaskQueue = ${quote(project.taskQueueName)}`;
      for await (const info of client.workflow.list({ query, pageSize: atMost })) {
        if (isOf(project, info) && found.push(summaryOf(info)) >= atMost) break;
      }
      return found;
    });
  }

  /** How many of its runs are open. */
  async openRuns({ taskQueueName }: Pick<Project, 'taskQueueName'>): Promise<number> {
    const query = `TaskQueue = ${quote(taskQueueName)} AND ExecutionStatus = 'Running'`;
    return (await this.#ask((client) => client.workflow.count(query))).count;
  }

  /** The run, and what it waits for. What is on another queue is `RUN_NOT_FOUND`, here and in all that follows. */
  async show(project: Project, named: RunNamed): Promise<ProjectRunView> {
    const info = await this.#described(project, named);
    const summary = summaryOf(info);
    const view = { ...summary, result: null, failure: null, pendingActivities: [] };
    if (summary.status === 'continued-as-new') return view;
    if (summary.status === 'running')
      return { ...view, pendingActivities: pendingViews(info.raw.pendingActivities ?? []) };
    return { ...view, ...(await this.#end(summary)) };
  }

  /** What its workflow and its activities logged, in order; null where nobody keeps it. Rejects with `STORE_UNAVAILABLE`. */
  async lines(project: Project, named: RunNamed, after: number, atMost: number): Promise<ProjectLinePage | null> {
    const { runId } = await this.#described(project, named);
    return this.#logs && linesOf(this.#logs, runId, after, atMost);
  }

  /** Asks a run to end: its code is told. Rejects with `RUN_CLOSED`. */
  cancel(project: Project, named: RunNamed, reason: string): Promise<ProjectRunIds> {
    return this.#act(project, named, ({ workflowService, options: { namespace, identity } }, workflowExecution) =>
      workflowService.requestCancelWorkflowExecution({ namespace, identity, workflowExecution, reason }),
    );
  }

  /** Ends a run at once: nothing of it is told. Rejects with `RUN_CLOSED`. */
  terminate(project: Project, named: RunNamed, reason: string): Promise<ProjectRunIds> {
    return this.#act(project, named, (client, { workflowId, runId }) =>
      client.workflow.getHandle(workflowId, runId).terminate(reason),
    );
  }

  /** Tells a run something. A signal comes once for each `requestId`. Rejects with `RUN_CLOSED`. */
  signal(project: Project, named: RunNamed, { name, args }: RunMessage, requestId: string): Promise<ProjectRunIds> {
    const input = { payloads: args.map((arg) => defaultPayloadConverter.toPayload(arg)) };
    return this.#act(project, named, ({ workflowService, options: { namespace, identity } }, workflowExecution) =>
      workflowService.signalWorkflowExecution({
        ...{ namespace, identity, workflowExecution, signalName: name, input, requestId },
      }),
    );
  }

  /**
   * Asks a run something, also one that has ended. Rejects with `QUERY_FAILED`, `WORKFLOW_NOT_READY`, and with
   * `WORKER_NOT_RUNNING` where nobody answered.
   */
  async query(project: Project, named: RunNamed, { name, args }: RunMessage) {
    const { workflowId, runId } = await this.#described(project, named);
    try {
      const result: unknown = await this.#ask((client) =>
        client.workflow
          .getHandle(workflowId, runId)
          .query<unknown, unknown[]>(name, ...args)
          .catch((error: unknown) => {
            throw unanswered(error);
          }),
      );
      return { workflowId, runId, result: result ?? null };
    } catch (error) {
      throw error instanceof QueryNotRegisteredError ? refusedQuery(error) : error;
    }
  }

  /** Does something to an open run, by the very ids that were found. */
  async #act(
    project: Project,
    named: RunNamed,
    act: (client: Client, ids: ProjectRunIds) => Promise<unknown>,
  ): Promise<ProjectRunIds> {
    const { workflowId, runId, status } = await this.#described(project, named);
    const closed = () => new ApiError('RUN_CLOSED', 'the run has ended', { where: 'path', found: runId });
    if (status.name !== 'RUNNING') throw closed();
    await this.#ask((client) => act(client, { workflowId, runId })).catch((error: unknown) => {
      // It ended between the two questions.
      throw error instanceof ApiError && error.code === 'RUN_NOT_FOUND' ? closed() : error;
    });
    return { workflowId, runId };
  }

  async #described(project: Project, { workflowId, runId }: RunNamed): Promise<WorkflowExecutionDescription> {
    if (!isWorkflowId(workflowId)) throw notFound();
    const info = await this.#ask((client) => client.workflow.getHandle(workflowId, runId).describe());
    if (!isOf(project, info)) throw notFound();
    return info;
  }

  async #end({ workflowId, runId }: ProjectRunSummary): Promise<Pick<ProjectRunView, 'result' | 'failure'>> {
    try {
      const result: unknown = await this.#ask((client) =>
        client.workflow.result(workflowId, runId, { followRuns: false }),
      );
      return { result: result ?? null, failure: null };
    } catch (error) {
      if (!(error instanceof WorkflowFailedError)) throw error;
      return { result: null, failure: failureView(error.cause ?? error) };
    }
  }
}

/** Runs of a project that has given its queue up stay on it; by what they were started with they are told from those of the next one. */
function isOf(
  { id, taskQueueName }: Project,
  { taskQueue, memo }: Pick<WorkflowExecutionInfo, 'taskQueue' | 'memo'>,
): boolean {
  return taskQueue === taskQueueName && (memo?.CloisterProject ?? id) === id;
}

function summaryOf(info: WorkflowExecutionInfo | WorkflowExecutionDescription): ProjectRunSummary {
  const { workflowId, runId, type, startTime, closeTime, memo } = info;
  const digest = memo?.codeDigest;
  return {
    workflowId,
    runId,
    type,
    status: STATUS[info.status.name] ?? 'running',
    startedAt: startTime.toISOString(),
    endedAt: closeTime?.toISOString() ?? null,
    codeDigest: typeof digest === 'string' ? digest : null,
  };
}

/** FAILED_PRECONDITION: nobody has polled the queue for a while, or the run's tasks fail. */
const NOT_READY = 9;
const LONGEST_ANSWER = 1000;

/** Nobody took the question, or took it in time. */
function unanswered(error: unknown): unknown {
  if (!isLate(error) && grpcOf(error)?.code !== NOT_READY) return error;
  return new ApiError('WORKER_NOT_RUNNING', 'nobody answered the query', {
    where: 'worker of the project',
    found: 'no answer in time',
    expected: 'a worker that runs, and code that answers: see GET /workers/{projectId}/diagnose',
  });
}

/** What the run itself said to the question. */
function refusedQuery({ message }: QueryNotRegisteredError): ApiError {
  const isEarly = message.includes('whose plan is not loaded yet');
  return new ApiError(isEarly ? 'WORKFLOW_NOT_READY' : 'QUERY_FAILED', message.slice(0, LONGEST_ANSWER), {
    where: 'path name',
  });
}
