import type { LogLine } from '../contract.ts';

/** Shorter waits are not told. */
const TOLD_MS = 100;

/** A run that still waits says so after this long, and again each time that has doubled. */
const LONG_MS = 5_000;

/** What a run waits on: a limit by its name, and the sentence for the log. */
export interface Obstacle {
  readonly limit: WaitLimit;
  readonly text: string;
}

/** Names of what a run can wait on. */
export type WaitLimit =
  | 'concurrentRuns'
  | 'cpu'
  | 'heapMb'
  | 'rssMb'
  | 'alone'
  | 'maxQueued'
  | 'leaving'
  | 'maxCells'
  | 'memoryMb'
  | 'turn';

/** One run's wait for a place: which limits held it, and for how long each. */
export class Wait {
  readonly #log: (line: LogLine) => void;
  readonly #since = performance.now();
  readonly #held = new Map<WaitLimit, { text: string; ms: number }>();
  #obstacle: Obstacle | null = null;
  #from = 0;
  #nextWord = LONG_MS;

  constructor(log: (line: LogLine) => void) {
    this.#log = log;
  }

  /** From now on this holds it. */
  hold(obstacle: Obstacle): void {
    if (this.#obstacle?.limit === obstacle.limit) return;
    this.#add();
    this.#obstacle = obstacle;
    this.#from = performance.now();
  }

  /** Says that the wait is long and what holds it now. */
  look(): void {
    const ms = performance.now() - this.#since;
    if (this.#obstacle === null || ms < this.#nextWord) return;
    this.#nextWord = ms * 2;
    this.#tell(`has waited ${Math.round(ms)} ms for a place, and still waits: ${this.#obstacle.text}`, ms);
  }

  /** The wait is over, for better or worse; a second call tells nothing. */
  end(): void {
    this.#add();
    this.#obstacle = null;
    const ms = performance.now() - this.#since;
    const reasons = [...this.#held.values()].sort((a, b) => b.ms - a.ms);
    const texts = reasons.map(({ text, ms }) => (reasons.length === 1 ? text : `${text} (${Math.round(ms)} ms)`));
    if (ms >= TOLD_MS && texts.length > 0)
      this.#tell(`waited ${Math.round(ms)} ms for a place: ${texts.join('; ')}`, ms);
    this.#held.clear();
  }

  #add(): void {
    const { limit, text } = this.#obstacle ?? {};
    if (limit === undefined || text === undefined) return;
    const ms = performance.now() - this.#from + (this.#held.get(limit)?.ms ?? 0);
    this.#held.set(limit, { text, ms });
  }

  /** The host's line, not the script's: it does not count as one of `logLines`. */
  #tell(message: string, ms: number): void {
    this.#add();
    this.#from = performance.now();
    const limits = Object.fromEntries([...this.#held].map(([limit, held]) => [limit, Math.round(held.ms)]));
    this.#log({ level: 'info', message, data: { waitedMs: Math.round(ms), limits }, time: new Date().toISOString() });
  }
}
