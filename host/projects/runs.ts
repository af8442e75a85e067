/** Runs of projects' workflows: started on the project's own task queue, and shown with what became of them. */
import { randomUUID } from 'node:crypto';
import {
  type Client,
  WorkflowExecutionAlreadyStartedError,
  type WorkflowExecutionDescription,
  type WorkflowExecutionInfo,
  WorkflowFailedError,
} from '@temporalio/client';
import { ApplicationFailure, TemporalFailure } from '@temporalio/common';
import type { ProjectRow } from '../../registry/index.ts';
import { ApiError } from '../error.ts';
import { type Ask, asker } from '../runs/ask.ts';
import { notFound } from '../runs/refusal.ts';
import { quote } from '../runs/visibility.ts';
import { isWorkflowId } from '../temporal/workflows/names.ts';

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

/** Why a run failed, and why that. `code` is the failure's own type where it has one. */
export interface RunFailureView {
  readonly code: string;
  readonly message: string;
  /** Places in the project's code. */
  readonly stack: string | null;
  readonly cause: RunFailureView | null;
}

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
}

/** What is to be started. */
export interface ProjectStart {
  readonly type: string;
  readonly args: readonly unknown[];
  /** Absent: a UUID. */
  readonly workflowId?: string;
}

type Project = Pick<ProjectRow, 'id' | 'tenant' | 'taskQueueName'>;

const DEEPEST_CAUSE = 8;
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

  constructor(client: Client) {
    this.#ask = asker(client);
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
  async list({ taskQueueName }: Project, atMost: number): Promise<readonly ProjectRunSummary[]> {
    return this.#ask(async (client) => {
      const found: ProjectRunSummary[] = [];
      const query = `TaskQueue = ${quote(taskQueueName)}`;
      for await (const info of client.workflow.list({ query, pageSize: atMost })) {
        if (found.push(summaryOf(info)) >= atMost) break;
      }
      return found;
    });
  }

  /** How many of its runs are open. */
  async openRuns({ taskQueueName }: Pick<Project, 'taskQueueName'>): Promise<number> {
    const query = `TaskQueue = ${quote(taskQueueName)} AND ExecutionStatus = 'Running'`;
    return (await this.#ask((client) => client.workflow.count(query))).count;
  }

  /** The latest run of a workflow id, or the one that is named. What is on another queue is `RUN_NOT_FOUND`. */
  async show({ taskQueueName }: Project, workflowId: string, runId?: string): Promise<ProjectRunView> {
    if (!isWorkflowId(workflowId)) throw notFound();
    const info = await this.#ask((client) => client.workflow.getHandle(workflowId, runId).describe());
    if (info.taskQueue !== taskQueueName) throw notFound();
    const summary = summaryOf(info);
    if (summary.status === 'running' || summary.status === 'continued-as-new')
      return { ...summary, result: null, failure: null };
    return { ...summary, ...(await this.#end(summary)) };
  }

  async #end({ workflowId, runId }: ProjectRunSummary): Promise<Pick<ProjectRunView, 'result' | 'failure'>> {
    try {
      const result: unknown = await this.#ask((client) =>
        client.workflow.result(workflowId, runId, { followRuns: false }),
      );
      return { result: result ?? null, failure: null };
    } catch (error) {
      if (!(error instanceof WorkflowFailedError)) throw error;
      return { result: null, failure: failureOf(error.cause ?? error, 0) };
    }
  }
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

function failureOf(error: Error, depth: number): RunFailureView {
  const { name, message, stack, cause } = error;
  const type = error instanceof ApplicationFailure ? error.type : null;
  const own = error instanceof TemporalFailure ? error.failure?.stackTrace : stack;
  return {
    code: type ?? name,
    message,
    stack: guestStack(own),
    cause: cause instanceof Error && depth < DEEPEST_CAUSE ? failureOf(cause, depth + 1) : null,
  };
}

/** Lines that name files of the host are not a client's to read. */
function guestStack(stack: string | null | undefined): string | null {
  const lines = (stack ?? '').split('\n').filter((line) => line.trim() !== '' && !/[\\/]|node:|webpack/.test(line));
  return lines.length > 0 ? lines.join('\n') : null;
}
