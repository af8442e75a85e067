/** Something that is dear to find out, found out now and then while somebody asks for it. */

/** How long the first who asks waits: figures should not be missing without need. */
const FIRST_MS = 1_000;

/** The newest sample. Samples are taken one at a time, and only when somebody asks. */
export class Sampled<T> {
  readonly #take: () => Promise<T>;
  readonly #everyMs: () => number;
  #latest: T | null = null;
  #running: Promise<void> | null = null;
  #at = Number.NEGATIVE_INFINITY;

  /** `take` must not reject. */
  constructor(take: () => Promise<T>, everyMs: () => number) {
    this.#take = take;
    this.#everyMs = everyMs;
  }

  /** The last sample, at once; null while there is none. A newer one is begun where the last is old. */
  async latest(): Promise<T | null> {
    if (this.#running === null && performance.now() - this.#at >= this.#everyMs()) this.#begin();
    if (this.#latest === null && this.#running !== null) await within(this.#running, FIRST_MS);
    return this.#latest;
  }

  #begin(): void {
    this.#at = performance.now();
    this.#running = this.#take()
      .then((sample) => {
        this.#latest = sample;
      })
      .finally(() => {
        this.#running = null;
      });
  }
}

function within(work: Promise<void>, ms: number): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, ms);
  return Promise.race([work, late.promise]).finally(() => clearTimeout(timer));
}
