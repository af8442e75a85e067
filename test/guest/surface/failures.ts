import { ActivityFailure, ApplicationFailure, ApplicationFailureCategory } from '@temporalio/common';
import {
  proxyActivities,
  rootCause,
  setWorkflowOptions,
  TemporalFailure,
  TimeoutFailure,
  workflowInfo,
} from '@temporalio/workflow';
import type * as activities from './activities.ts';

const once = proxyActivities<typeof activities>({ startToCloseTimeout: '10s', retry: { maximumAttempts: 1 } });
const quick = proxyActivities<typeof activities>({ startToCloseTimeout: '150ms', retry: { maximumAttempts: 1 } });

/** An error as workflow code sees it. */
function told(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message, cause } = error;
  const application = error instanceof ApplicationFailure && {
    type: error.type ?? 'none',
    nonRetryable: error.nonRetryable ?? false,
    details: error.details ?? [],
  };
  const activity = error instanceof ActivityFailure && {
    activityType: error.activityType,
    activityId: error.activityId ?? 'none',
    retryState: error.retryState,
  };
  const timeout = error instanceof TimeoutFailure && { timeoutType: error.timeoutType };
  const kind = { temporal: error instanceof TemporalFailure, stack: typeof error.stack };
  return { name, message, ...kind, ...application, ...activity, ...timeout, cause: cause ? told(cause) : 'none' };
}

class OwnError extends Error {
  override name = 'OwnError';
  readonly code = 42;
}

/** Ends with the failure of that kind. */
export async function fails(kind: string): Promise<void> {
  switch (kind) {
    case 'plain message':
      throw new ApplicationFailure('just a message');
    case 'everything':
      throw ApplicationFailure.create({
        message: 'with everything',
        type: 'Special',
        nonRetryable: true,
        details: [{ a: [1, null] }, 'text', false],
        category: ApplicationFailureCategory.BENIGN,
        cause: new OwnError('underneath', { cause: new RangeError('at the bottom') }),
      });
    case 'retryable':
      throw ApplicationFailure.retryable('again', 'Again', 1);
    case 'from error':
      throw ApplicationFailure.fromError(new OwnError('own'), { type: 'Converted' });
    case 'activity':
      await once.refuse('the activity refuses', 'Refused');
      return;
    default:
      throw ApplicationFailure.nonRetryable('unknown kind');
  }
}

export async function seesActivityFailures(): Promise<unknown> {
  const refused = await once.refuse('no', 'Refused').catch((error: unknown) => [told(error), rootCause(error)]);
  const thrown = await once.throwPlain('out of range').catch(told);
  const late = await quick.after(3000, 'late').catch(told);
  return { refused, thrown, late };
}

/** Fails at its first attempt; the retry of the run succeeds. */
export async function retriedRun(): Promise<unknown> {
  const { attempt } = workflowInfo();
  if (attempt < 2) throw ApplicationFailure.retryable(`attempt ${attempt}`, 'TooEarly');
  return { attempt };
}

/** Not one of Temporal's failures: plain workers try the task again and again, a guest's run ends. */
export async function throwsPlainError(): Promise<void> {
  const nothing = undefined as unknown as { name: string };
  nothing.name.trim();
}

export async function throwsText(): Promise<void> {
  throw 'only text';
}

/** Errors of these classes end the run on either side. */
export async function declaresErrors(): Promise<void> {
  throw new OwnError('declared');
}
setWorkflowOptions({ failureExceptionTypes: [OwnError] }, declaresErrors);

/** Without a bound in time an activity is refused; a guest's has the code for it. */
export async function withoutTimeout(): Promise<void> {
  proxyActivities({});
}

export async function validatesOptions(): Promise<unknown> {
  const attempt = (make: () => unknown) => {
    try {
      make();
      return 'made';
    } catch (error) {
      return `${(error as Error).name}: ${(error as Error).message}`;
    }
  };
  return [
    attempt(() => proxyActivities({ startToCloseTimeout: 'soon' as '1s' })),
    await Promise.resolve()
      .then(() =>
        proxyActivities<typeof activities>({ startToCloseTimeout: '1s', retry: { maximumAttempts: -1 } }).nothing(),
      )
      .then(
        () => 'ran',
        (error: Error) => `${error.name}: ${error.message}`,
      ),
  ];
}
