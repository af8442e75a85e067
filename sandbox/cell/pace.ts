/** Runs that follow each other within this are back to back. */
const CLOSE_MS = 3;

/** Time for the host to read an outcome before the cell takes the processor for what is next. */
const YIELD_MS = 2;

/**
 * When to make the next isolate, learned from the last gap between two runs. Back to back it is made at once, while the host
 * reads the outcome. With a pause it is made a little later: at once it would keep the host from waking up. A run that comes
 * before makes its own.
 */
export class Pace {
  readonly #prepare: (heapMb: number) => void;
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;
  #leftAt = performance.now();
  #gapMs = Number.POSITIVE_INFINITY;

  constructor(prepare: (heapMb: number) => void) {
    this.#prepare = prepare;
  }

  /** A run has come to an empty cell. */
  arrive(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
    this.#gapMs = performance.now() - this.#leftAt;
  }

  /** The last run has left the cell. */
  leave(heapMb: number): void {
    this.#leftAt = performance.now();
    if (this.#gapMs < CLOSE_MS) this.#immediate = setImmediate(this.#prepare, heapMb);
    else this.#timer = setTimeout(this.#prepare, YIELD_MS, heapMb);
  }
}
