/** Temporal's workers at work: begun, drained, and what they say when they end. */
import { GracefulShutdownPeriodExpiredError, type Worker } from '@temporalio/worker';

/** A running worker. `stop` drains it; `ended` settles when it has ended, and rejects when it failed. */
export interface RunningWorker {
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/** Runs a worker. */
export function runWorker(worker: Worker): RunningWorker {
  const ended = worker.run();
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
