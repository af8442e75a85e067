import type { CellLimits } from '../message.ts';

/** Shortest time limit of one entry, milliseconds. */
const MIN_ENTRY_MS = 5;

/** By how much other work may stretch a script's CPU time before its entry is cut off. */
const BUSY_FACTOR = 20;

/** Share of an entry's time limit by which it may be longer. The watch ends a run that is over its limits by then. */
const SPREAD = 0.5;

/** What one run may still use, and which code it ends with when that is nothing. */
export class Budget {
  readonly #limits: CellLimits;
  readonly #start = performance.now();
  readonly #cpuMs: () => number;

  /** `cpuMs` reads the CPU time that the run has used so far. */
  constructor(limits: CellLimits, cpuMs: () => number) {
    this.#limits = limits;
    this.#cpuMs = cpuMs;
  }

  get wallMs(): number {
    return performance.now() - this.#start;
  }

  get cpuMs(): number {
    return this.#cpuMs();
  }

  /** The limit that the run is over, if any. */
  spent(): 'SCRIPT_WALL' | 'SCRIPT_CPU' | null {
    if (this.wallMs >= this.#limits.wallMs) return 'SCRIPT_WALL';
    return this.cpuMs >= this.#limits.cpuMs ? 'SCRIPT_CPU' : null;
  }

  /**
   * Time limit of one synchronous entry, milliseconds of wall clock. Many times what is left of the CPU time, because the
   * machine may be busy and the cell's priority low; the watch measures CPU time itself.
   *
   * Longer by chance: isolated-vm keeps the timer of every entry until it is due, and takes those that are due together by
   * recursion, so that some 100,000 of them end the process (laverdet/isolated-vm#572), under whoever runs in it by then.
   */
  entryMs(): number {
    const cpuLeft = BUSY_FACTOR * (this.#limits.cpuMs - this.cpuMs) + 100;
    const left = Math.min(this.#limits.wallMs - this.wallMs, cpuLeft);
    return Math.max(MIN_ENTRY_MS, Math.ceil(left * (1 + SPREAD * Math.random())));
  }

  /** Text of the error for a limit. */
  text(code: 'SCRIPT_WALL' | 'SCRIPT_CPU'): string {
    return code === 'SCRIPT_WALL'
      ? `the script did not end within ${this.#limits.wallMs} ms`
      : `the script used more than ${this.#limits.cpuMs} ms of CPU time`;
  }
}
