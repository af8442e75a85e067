/**
 * How fast a host begins runs while callers wait for theirs to be accepted. A run that was accepted waits durably; a caller does not. Why
 * it is so: docs/decisions/admission.md.
 */
import { setTimeout as sleep } from 'node:timers/promises';

/** Bounds; each has a default. Times in milliseconds. */
export interface AdmissionBounds {
  /** A start that takes longer than this is late, unless Temporal takes a third of that at its best. */
  readonly goalMs?: number;
  /** The longest pause between two runs that are begun. */
  readonly longestMs?: number;
  /** The longest one when starts have been late for longer than `patienceMs`: that is no burst, and runs are to end as well. */
  readonly laterMs?: number;
  readonly patienceMs?: number;
  /** The shortest one, while there are callers. */
  readonly shortestMs?: number;
  /** So long after the last start runs are begun as fast as they come. */
  readonly quietMs?: number;
  /** The clock. */
  readonly now?: () => number;
}

const DEFAULTS: Required<AdmissionBounds> = {
  goalMs: 20,
  longestMs: 500,
  laterMs: 60,
  patienceMs: 15_000,
  // More runs in a second than one host can do.
  shortestMs: 20,
  quietMs: 300,
  now: () => performance.now(),
};

/** Runs a second at first: nobody knows yet what they cost. */
const FIRST = 10;

/** Part of the pace that is left when starts are late, and runs a second that each start in time adds to it. */
const SLOWER = 0.7;
const FASTER = 0.5;

/** What counts as Temporal's best is forgotten by this much with each start: a server may move. */
const FORGET = 1.01;
const AS_LATE = 3;

/** One late start among others in time is chance, or a server that is sometimes slow. */
const IN_A_ROW = 2;

/** A start that has no answer yet. */
interface Open {
  readonly at: number;
}

/** Begins runs one after the other, at a pace that falls while starts are late, and at any while nobody starts some. */
export class Admission {
  readonly #bounds: Required<AdmissionBounds>;
  /** The oldest first. */
  readonly #open = new Set<Open>();
  /** Runs a second. */
  #pace = FIRST;
  #bestMs = Number.POSITIVE_INFINITY;
  #endedAt = Number.NEGATIVE_INFINITY;
  #begunAt = Number.NEGATIVE_INFINITY;
  #slowedAt = Number.NEGATIVE_INFINITY;
  /** Starts that ended late, one after the other. */
  #late = 0;
  /** Since when starts have been late, more or less; null: they are in time. */
  #lateSince: number | null = null;

  constructor(bounds: AdmissionBounds = {}) {
    this.#bounds = { ...DEFAULTS, ...bounds };
  }

  /** Pause between two runs that are begun, as things are; 0: none. */
  get pauseMs(): number {
    return this.#isQuiet(this.#bounds.now()) ? 0 : 1000 / this.#pace;
  }

  /** Starts a run at Temporal, and sees how long that takes. */
  async watch<T>(start: () => Promise<T>): Promise<T> {
    const { now } = this.#bounds;
    // Lateness that was broken off by a pause of the callers is another one.
    if (this.#isQuiet(now())) this.#lateSince = null;
    const open = { at: now() };
    this.#open.add(open);
    try {
      return await start();
    } finally {
      this.#open.delete(open);
      this.#endedAt = now();
      this.#learn(open, this.#endedAt);
    }
  }

  /** True when a run may be begun now; the next one then has to wait for its turn. */
  take(): boolean {
    const now = this.#bounds.now();
    // A start that is late need not have ended to count.
    const late = [...this.#open].filter(({ at }) => this.#isLate(now - at));
    if (late[0] && this.#late + late.length >= IN_A_ROW) this.#slow(late[0], now);
    if (now - this.#begunAt < this.pauseMs) return false;
    this.#begunAt = now;
    return true;
  }

  /** Resolves when it is true. Those who ask at the same time may not be answered in their order. Rejects when `signal` aborts. */
  async wait(signal: AbortSignal): Promise<void> {
    while (!this.take()) await sleep(this.#bounds.shortestMs / 2, undefined, { signal });
  }

  #isQuiet(now: number): boolean {
    return this.#open.size === 0 && now - this.#endedAt > this.#bounds.quietMs;
  }

  #isLate(tookMs: number): boolean {
    return tookMs > Math.max(this.#bounds.goalMs, this.#bestMs * AS_LATE);
  }

  #learn(open: Open, now: number): void {
    const tookMs = now - open.at;
    this.#late = this.#isLate(tookMs) ? this.#late + 1 : 0;
    if (this.#late === 0) this.#quicken();
    else if (this.#late >= IN_A_ROW) this.#slow(open, now);
    this.#bestMs = Math.min(tookMs, this.#bestMs * FORGET);
  }

  /** Once for all starts that were under way at the same time: they are late for the same reason. */
  #slow(open: Open, now: number): void {
    if (open.at < this.#slowedAt) return;
    const { longestMs, laterMs, patienceMs } = this.#bounds;
    this.#slowedAt = now;
    this.#lateSince ??= now;
    const isBurst = now - this.#lateSince < patienceMs;
    this.#pace = Math.max(this.#pace * SLOWER, 1000 / (isBurst ? longestMs : laterMs));
  }

  #quicken(): void {
    const most = 1000 / this.#bounds.shortestMs;
    this.#pace = Math.min(this.#pace + FASTER, most);
    if (this.#pace === most) this.#lateSince = null;
  }
}
