/** What activities that run scripts have in common: signs of life, the time they have, and what Temporal is told of the host's own trouble. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ApplicationFailure, type Context } from '@temporalio/activity';
import { LONGEST_MS } from '../../runner.ts';

/** How often the host says that an attempt is alive; what a script says or does not say has no part in it. */
export const HEARTBEAT_MS = 1000;

const PREPARE_RETRY_MS = 500;

/** Times of one attempt, milliseconds. */
export interface AttemptTime {
  /** Since the activity was first scheduled. */
  readonly waitedMs: number;
  readonly remainingMs: number;
}

/**
 * Time until the host must report an overrun, a little before Temporal would: a timeout that Temporal raises itself means
 * that the host was lost.
 */
export function timeOf({ info }: Context): AttemptTime {
  const { scheduledTimestampMs, currentAttemptScheduledTimestampMs, scheduleToCloseTimeoutMs: timeoutMs } = info;
  // A clock that is behind the server's would let the server time out first.
  const behindMs = Math.max(0, currentAttemptScheduledTimestampMs - Date.now());
  const waitedMs = Math.min(Math.max(0, Date.now() - scheduledTimestampMs), timeoutMs);
  return { waitedMs, remainingMs: timeoutMs - waitedMs - marginOf(timeoutMs) - behindMs };
}

/** By how much the host is earlier than Temporal with a timeout. */
export function marginOf(timeoutMs: number): number {
  return Math.min(1000, timeoutMs / 10);
}

/**
 * Gets together what an attempt needs out of stores. A store that fails is the host's trouble, not the script's: it is told to
 * `failed` and asked again until the time is up, and then the activity counts as lost. An `ApplicationFailure` is final.
 */
export async function untilPrepared<T>(
  context: Context,
  gather: () => Promise<T>,
  { remainingMs, failed }: { remainingMs: number; failed: (error: unknown) => void },
): Promise<T> {
  const done = new AbortController();
  const late = overrun(remainingMs, done.signal);
  late.catch(() => undefined);
  try {
    for (;;) {
      try {
        return await Promise.race([gather(), context.cancelled, late]);
      } catch (error) {
        if (error instanceof ApplicationFailure || context.cancellationSignal.aborted) throw error;
        failed(error);
        await context.sleep(PREPARE_RETRY_MS);
      }
    }
  } finally {
    // A timer that is left behind would keep a process up that has nothing more to do.
    done.abort();
  }
}

async function overrun(remainingMs: number, signal: AbortSignal): Promise<never> {
  await sleep(Math.min(Math.max(1, remainingMs), LONGEST_MS), undefined, { signal });
  throw hostLost('the stores of the host did not answer');
}

/** What Temporal is told of an error: one of the table's, or that the host is in trouble. Its own text goes to `log` and stays here. */
export async function told(error: unknown, context: Context, log: () => void): Promise<unknown> {
  if (error instanceof ApplicationFailure) return error;
  if (context.cancellationSignal.aborted) return endCancelled(context);
  log();
  return hostLost('the host failed');
}

/** Cancelled by the run: acknowledged as such. Cut off by the host's own stop: reported as lost, so that the run goes on. */
export async function endCancelled(context: Context): Promise<never> {
  if (context.cancellationSignal.aborted && !isShutdown(context)) return context.cancelled;
  throw hostLost('the host stopped');
}

/** The host's own stop cuts the attempt off: nobody has cancelled it. */
export function isShutdown({ cancellationDetails }: Context): boolean {
  return cancellationDetails?.workerShutdown === true;
}

/** The failure of an attempt that no script is to blame for. */
export function hostLost(message: string): ApplicationFailure {
  return ApplicationFailure.create({ message, type: 'HOST_LOST', nonRetryable: false });
}
