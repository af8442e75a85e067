/** The activities that the surface workflows call: plain functions, the same on both sides. */
import { setTimeout as sleep } from 'node:timers/promises';
import { activityInfo, Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';

/** Attempts so far, by run and activity. */
const attempts = new Map<string, number>();

export async function echo<T>(value: T): Promise<T> {
  return value;
}

/** Answers with `value` after `ms`. */
export async function after<T>(ms: number, value: T): Promise<T> {
  await sleep(ms);
  return value;
}

/** Takes its time, heartbeats, and ends early when it is cancelled. */
export async function patient(): Promise<string> {
  for (let beat = 0; beat < 100; beat += 1) {
    Context.current().heartbeat(beat);
    await Context.current().sleep(100);
  }
  return 'not cancelled';
}

export async function refuse(message: string, type: string): Promise<never> {
  const cause = ApplicationFailure.create({ message: 'underneath', type: 'Deep', details: [{ depth: 2 }] });
  throw ApplicationFailure.create({ message, type, nonRetryable: true, details: ['a', { b: 1 }], cause });
}

export async function throwPlain(message: string): Promise<never> {
  throw new RangeError(message);
}

/** Fails until its attempt `good`; answers with the number of attempts. */
export async function flaky(good: number, nextRetryDelay?: string): Promise<number> {
  const { workflowExecution, activityId } = activityInfo();
  const key = `${workflowExecution?.runId} ${activityId}`;
  const attempt = (attempts.get(key) ?? 0) + 1;
  attempts.set(key, attempt);
  if (attempt >= good) return attempt;
  const delay = nextRetryDelay === undefined ? {} : { nextRetryDelay: nextRetryDelay as '1s' };
  throw ApplicationFailure.create({ message: `attempt ${attempt}`, type: 'Flaky', ...delay });
}

export async function several(first: string, second: number, third?: boolean): Promise<unknown[]> {
  return [first, second, third ?? 'none'];
}

export async function nothing(): Promise<void> {}

/** Says something once, and then nothing for too long. */
export async function stalls(): Promise<void> {
  Context.current().heartbeat({ said: 'once' });
  await sleep(2000, undefined, { signal: Context.current().cancellationSignal });
}
