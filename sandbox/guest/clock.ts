/** The time of one run, epoch milliseconds. */
export interface Clock {
  now(): number;
  /** Moves a pinned clock on to when a timer was due; a real one moves by itself. */
  pass(at: number): void;
  /** From then on only the run's own timers move the clock. */
  pin(at: number): void;
}

/** The clock that the run sees: V8's, which counts whole milliseconds, until it is pinned for a deterministic run. */
export function createClock(): Clock {
  const realNow = Date.now;
  let pinned: number | null = null;
  return {
    now: () => pinned ?? realNow(),
    pass(at) {
      if (pinned !== null && at > pinned) pinned = at;
    },
    pin(at) {
      pinned = at;
    },
  };
}
