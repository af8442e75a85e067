/**
 * The outcome of `work`, or a rejection with the signal's reason as soon as it aborts. undici looks at its signal only once a
 * request has a socket: one that waits for a connection would wait on.
 */
export async function within<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = () => reject(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
