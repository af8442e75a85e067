/** What Temporal tells of a project's runs: those that are open, what their activities fail of, and what others failed of. */
import { type Client, WorkflowFailedError } from '@temporalio/client';
import {
  ActivityFailure,
  ApplicationFailure,
  defaultFailureConverter,
  defaultPayloadConverter,
  TemporalFailure,
  TimeoutFailure,
} from '@temporalio/common';
import { type Ask, asker } from '../../runs/ask.ts';
import { quote } from '../../runs/visibility.ts';

/** An open run. `startedAt` in epoch milliseconds. */
export interface OpenRun {
  readonly workflowId: string;
  readonly type: string;
  readonly startedAt: number;
  readonly codeDigest: string | null;
}

/** One failure, out of a run's own or of an attempt of one of its activities. */
export interface SeenFailure {
  readonly workflowId: string;
  /** Null: the run's own. */
  readonly activity: string | null;
  /** Type of the innermost failure that has one; `TIMEOUT` for a time-out of Temporal's. */
  readonly code: string;
  readonly message: string;
  /** Attempts so far, where the run is open. */
  readonly attempts: number | null;
  readonly isExhausted: boolean;
}

/** Runs of one task queue. */
export interface SeenRuns {
  readonly open: readonly OpenRun[];
  readonly failures: readonly SeenFailure[];
}

const MOST_OPEN = 50;
const MOST_DESCRIBED = 20;
const MOST_FAILED = 10;
const SINCE_MS = 24 * 60 * 60 * 1000;

/** Reads them. Rejects with `TEMPORAL_UNAVAILABLE`. */
export async function readRuns(client: Client, queue: string): Promise<SeenRuns> {
  const ask = asker(client);
  const since = new Date(Date.now() - SINCE_MS).toISOString();
  const [open, failed] = await Promise.all([
    listed(ask, `TaskQueue = ${quote(queue)} AND ExecutionStatus = 'Running'`, MOST_OPEN),
    listed(
      ask,
      `TaskQueue = ${quote(queue)} AND ExecutionStatus IN ('Failed', 'TimedOut') AND CloseTime > ${quote(since)}`,
      MOST_FAILED,
    ),
  ]);
  const failures = await Promise.all([
    ...open.slice(0, MOST_DESCRIBED).map((run) => pendingOf(ask, run)),
    ...failed.map((run) => endOf(ask, run)),
  ]);
  return {
    open: open.map(({ workflowId, type, startTime, memo }) => ({
      workflowId,
      type,
      startedAt: startTime.getTime(),
      codeDigest: typeof memo?.codeDigest === 'string' ? memo.codeDigest : null,
    })),
    failures: failures.flat(),
  };
}

/** Queues, other than this, on which runs of the types sit. */
export async function otherQueues(client: Client, queue: string, types: readonly string[]): Promise<readonly string[]> {
  if (types.length === 0) return [];
  const names = types.slice(0, MOST_OPEN).map(quote).join(', ');
  const query = `WorkflowType IN (${names}) AND TaskQueue != ${quote(queue)} AND ExecutionStatus = 'Running'`;
  return [...new Set((await listed(asker(client), query, MOST_OPEN)).map(({ taskQueue }) => taskQueue))];
}

function listed(ask: Ask, query: string, atMost: number) {
  return ask(async (client) => {
    const found = [];
    for await (const info of client.workflow.list({ query, pageSize: atMost })) if (found.push(info) >= atMost) break;
    return found;
  });
}

interface Ids {
  readonly workflowId: string;
  readonly runId: string;
}

async function pendingOf(ask: Ask, { workflowId, runId }: Ids): Promise<SeenFailure[]> {
  const described = await ask((client) => client.workflow.getHandle(workflowId, runId).describe()).catch(() => null);
  return (described?.raw.pendingActivities ?? []).flatMap(({ activityType, attempt, lastFailure }) => {
    if (!lastFailure) return [];
    const error = defaultFailureConverter.failureToError(lastFailure, defaultPayloadConverter);
    const seen = seenIn(workflowId, error);
    // The attempt that runs now has not failed yet.
    return [{ ...seen, activity: activityType?.name ?? seen.activity, attempts: Math.max(1, (attempt ?? 1) - 1) }];
  });
}

async function endOf(ask: Ask, { workflowId, runId }: Ids): Promise<SeenFailure[]> {
  try {
    await ask((client) => client.workflow.result(workflowId, runId, { followRuns: false }));
    return [];
  } catch (error) {
    return error instanceof WorkflowFailedError ? [seenIn(workflowId, error.cause ?? error)] : [];
  }
}

/** The chain of a failure in one line. */
function seenIn(workflowId: string, error: Error): SeenFailure {
  const chain: Error[] = [];
  for (let each: unknown = error; each instanceof Error && chain.length < 10; each = each.cause) chain.push(each);
  const activity = chain.find((each) => each instanceof ActivityFailure);
  const typed = chain.findLast((each) => each instanceof ApplicationFailure);
  const isLate = chain.some((each) => each instanceof TimeoutFailure);
  const innermost = chain.findLast((each) => each instanceof TemporalFailure) ?? error;
  return {
    workflowId,
    activity: activity?.activityType ?? null,
    code: typed?.type ?? (isLate ? 'TIMEOUT' : innermost.name),
    message: (typed ?? innermost).message,
    attempts: null,
    isExhausted: String(activity?.retryState) === 'MAXIMUM_ATTEMPTS_REACHED',
  };
}
