/** Errors that nobody caught: in a host each of them would end the process. */
const caught: string[] = [];
let isWatching = false;

/** Starts to keep them, instead of ending the process. */
export function watchStrays(): void {
  if (isWatching) return;
  isWatching = true;
  const keep = (what: string) => (error: unknown) =>
    caught.push(`${what}: ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`);
  process.on('unhandledRejection', keep('a rejection that nobody handles'));
  process.on('uncaughtException', keep('an exception that nobody catches'));
}

/** Those since the last call. */
export function takeStrays(): readonly string[] {
  return caught.splice(0);
}
