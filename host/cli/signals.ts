/** Keeps a host up until it is told to stop, or ends by itself. */

/** What can be kept up: `ended` settles early only when something failed. */
export interface Stoppable {
  readonly ended: Promise<void>;
  close(): Promise<void>;
}

/** Where no setting says otherwise. */
const FORCE_MS = 45_000;
const LINGER_MS = 5_000;
/** Between a terminal, npm and the bootstrap one Ctrl-C may arrive several times. */
const ECHO_MS = 1000;

/**
 * Waits for SIGINT or SIGTERM, then closes the host. Resolves to the exit code: 0 when it drained or was forced in time, 1
 * when the host failed. A second signal, or `forceMs`, ends the process at once.
 */
export async function untilStopped(
  host: Stoppable,
  say: (text: string) => void,
  forceMs: number = FORCE_MS,
): Promise<number> {
  const stop = Promise.withResolvers<'stopped'>();
  let firstAt: number | undefined;
  const onSignal = (): void => {
    const now = performance.now();
    if (firstAt !== undefined) {
      if (now - firstAt > ECHO_MS) process.exit(130);
      return;
    }
    firstAt = now;
    say('stopping…');
    setTimeout(() => process.exit(0), forceMs).unref();
    stop.resolve('stopped');
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  const reason = await Promise.race([stop.promise, host.ended.catch((error: unknown) => error)]);
  const failed = reason !== 'stopped';
  if (failed) say(`the worker ended: ${reason instanceof Error ? reason.message : 'without a reason'}`);
  await host.close();
  process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  const code = failed ? 1 : 0;
  // A worker of Temporal's that has failed keeps the process, which has nothing left to do.
  setTimeout(() => process.exit(code), LINGER_MS).unref();
  return code;
}
