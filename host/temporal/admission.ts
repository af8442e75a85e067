/**
 * How fast a host begins runs while callers wait for theirs to be accepted. A run that was accepted waits durably; a caller does not. Why
 * it is so: docs/decisions/admission.md.
 */
import { setTimeout as sleep } from 'node:timers/promises';

/** Bounds; each has a default. Milliseconds. */
export interface AdmissionBounds {
  /** A start that takes longer than this is late, unless Temporal takes half as long at its best. */
  readonly goalMs?: number;
  /** The longest pause between two runs that are begun. */
  readonly longestMs?: number;
  /** So long after the last start runs are begun as fast as they come. */
  readonly quietMs?: number;
  /** The clock. */
  readonly now?: () => number;
}

const DEFAULTS: Required<AdmissionBounds> = {
  goalMs: 20,
  longestMs: 100,
  quietMs: 300,
  now: () => performance.now(),
};

/** The shortest pause that is one. */
const SHORTEST_MS = 1;

/** One late start outweighs this many that were in time, so that four of five are. */
const SLOWER = 1.25;
const FASTER = 0.95;

/** What counts as Temporal's best is forgotten by this much with each start: a server may move. */
const FORGET = 1.01;
const AS_LATE = 2;

/** Begins runs one after the other, with a pause that grows while starts are late, and is none while nobody starts any. */
export class Admission {
  readonly #bounds: Required<AdmissionBounds>;
  /** When each start that has no answer yet began; the oldest first. */
  readonly #open = new Set<{ readonly at: number }>();
  #endedAt = Number.NEGATIVE_INFINITY;
  #bestMs = Number.POSITIVE_INFINITY;
  #pauseMs = 0;
  #begunAt = Number.NEGATIVE_INFINITY;

  constructor(bounds: AdmissionBounds = {}) {
    this.#bounds = { ...DEFAULTS, ...bounds };
  }

  /** Pause between two runs that are begun, as things are; 0: none. */
  get pauseMs(): number {
    return this.#isQuiet(this.#bounds.now()) ? 0 : this.#pauseMs;
  }

  /** Starts a run at Temporal, and sees how long that takes. */
  async watch<T>(start: () => Promise<T>): Promise<T> {
    const open = { at: this.#bounds.now() };
    this.#open.add(open);
    try {
      return await start();
    } finally {
      this.#open.delete(open);
      this.#endedAt = this.#bounds.now();
      this.#learn(this.#endedAt - open.at);
    }
  }

  /** True when a run may be begun now; the next one then has to wait for its turn. */
  take(): boolean {
    const now = this.#bounds.now();
    if (!this.#isQuiet(now) && now - this.#begunAt < this.#pauseNow(now)) return false;
    this.#begunAt = now;
    return true;
  }

  /** Resolves when it is true. Those who ask at the same time may not be answered in their order. Rejects when `signal` aborts. */
  async wait(signal: AbortSignal): Promise<void> {
    while (!this.take()) await sleep(Math.max(SHORTEST_MS, this.pauseMs / 2), undefined, { signal });
  }

  #isQuiet(now: number): boolean {
    return this.#open.size === 0 && now - this.#endedAt > this.#bounds.quietMs;
  }

  /** A start that is late already need not have ended to count. */
  #pauseNow(now: number): number {
    const [oldest] = this.#open;
    const isStuck = oldest !== undefined && this.#isLate(now - oldest.at);
    return isStuck ? Math.max(this.#pauseMs, this.#bounds.longestMs / 2) : this.#pauseMs;
  }

  #isLate(tookMs: number): boolean {
    return tookMs > Math.max(this.#bounds.goalMs, this.#bestMs * AS_LATE);
  }

  #learn(tookMs: number): void {
    const isLate = this.#isLate(tookMs);
    this.#bestMs = Math.min(tookMs, this.#bestMs * FORGET);
    const pauseMs = isLate ? Math.max(SHORTEST_MS, this.#pauseMs) * SLOWER : this.#pauseMs * FASTER;
    this.#pauseMs = pauseMs < SHORTEST_MS ? 0 : Math.min(pauseMs, this.#bounds.longestMs);
  }
}
