/** Temporal's workers at work: begun, drained, and what they say when they end. */
import { GracefulShutdownPeriodExpiredError, TransportError, type Worker } from '@temporalio/worker';

/** A running worker. `stop` drains it; `ended` settles when it has ended, and rejects when it failed. */
export interface RunningWorker {
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

const LOOK_MS = 1_000;
/** How long a worker that has failed gets to say so itself. */
const FAILED_MS = 3_000;

/** Runs a worker. */
export function runWorker(worker: Worker): RunningWorker {
  const ended = Promise.race([worker.run(), failure(worker)]);
  ended.catch(() => undefined);
  return {
    ended,
    stop: async () => {
      if (worker.getState() === 'RUNNING') worker.shutdown();
      // What was cut off is taken up by another host: an end by force, in time, is an end.
      await ended.catch((error: unknown) => {
        if (!(error instanceof GracefulShutdownPeriodExpiredError)) throw error;
      });
    },
  };
}

/**
 * Rejects when a worker has failed and does not come to its end: `run` of SDK 1.24 then waits for the native part for ever, as
 * after polls that Temporal has refused for a minute.
 */
function failure(worker: Worker): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  let failedAt: number | null = null;
  const timer = setInterval(() => {
    const state = worker.getState();
    if (state === 'STOPPED') return clearInterval(timer);
    if (state !== 'FAILED') return;
    failedAt ??= performance.now();
    if (performance.now() - failedAt < FAILED_MS) return;
    clearInterval(timer);
    const { workflowPollerState, activityPollerState } = worker.getStatus();
    const isOfPolls = [workflowPollerState, activityPollerState].includes('FAILED');
    const words = "Temporal's worker failed; the words of its SDK are in the log";
    reject(isOfPolls ? new TransportError(words) : new Error(words));
  }, LOOK_MS);
  timer.unref();
  return promise;
}
