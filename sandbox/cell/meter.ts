/**
 * CPU time of one run. What isolated-vm counts for an entry is the clock on the wall: while it is open on every system, and in the
 * binaries of 7.0.1 for Linux also when it is over. On a machine that is short of processors, a script would be ended for the
 * time that others had. So it counts, from look to look, for no more than its part of what the whole process has burnt.
 */
export class Meter {
  readonly #read: () => number;
  #countedMs = 0;
  #seenMs = 0;

  /** `read` is the isolate's own count, milliseconds. */
  constructor(read: () => number) {
    this.#read = read;
  }

  get cpuMs(): number {
    return this.#countedMs + Math.max(0, this.#read() - this.#seenMs);
  }

  /** As of the last look. Of several isolates at once, what they say between looks would be their clocks, added up. */
  get countedMs(): number {
    return this.#countedMs;
  }

  /** One look: `shareMs` is the part of the process's CPU time that the run can have had since the last one, 0 or more. */
  look(shareMs: number): void {
    const seen = this.#read();
    this.#countedMs += Math.min(Math.max(0, seen - this.#seenMs), shareMs);
    this.#seenMs = seen;
  }
}

/** CPU time of this process between two looks, main thread excepted: scripts do not run on it. */
export class ProcessCpu {
  #lastMs = burntMs();

  /** Milliseconds since the last call. */
  take(): number {
    const nowMs = burntMs();
    // Two clocks are read one after the other: the difference may seem to run back while only the main thread works.
    const spent = Math.max(0, nowMs - this.#lastMs);
    this.#lastMs += spent;
    return spent;
  }
}

function burntMs(): number {
  const all = process.cpuUsage();
  const main = process.threadCpuUsage();
  return (all.user + all.system - main.user - main.system) / 1_000;
}
