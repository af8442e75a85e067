const EVERY_MS = 5000;

/** Does `work` and, while it lasts, says `about` with the seconds so far: at once, then every five. */
export async function withProgress<T>(about: string, log: (line: string) => void, work: () => Promise<T>): Promise<T> {
  const started = performance.now();
  const say = () => log(`${about}… ${Math.round((performance.now() - started) / 1000)} s`);
  say();
  const timer = setInterval(say, EVERY_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
