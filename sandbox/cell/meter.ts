/**
 * CPU time of one run. While an entry is open, isolated-vm counts the clock on the wall for it: on a machine that is short of
 * processors, a script would be ended for the time that others had. So an open entry counts, from look to look, for no more
 * than its part of what the whole process has burnt meanwhile. As soon as no entry is open, the isolate's own count is exact.
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

  /** One look: `shareMs` is the part of the process's CPU time that an open entry can have had since the last one. */
  look(isOpen: boolean, shareMs: number): void {
    const seen = this.#read();
    if (isOpen) this.#countedMs += Math.min(Math.max(0, seen - this.#seenMs), shareMs);
    else this.#countedMs = seen;
    this.#seenMs = seen;
  }
}

/** CPU time of this process between two looks, main thread excepted: scripts do not run on it. */
export class ProcessCpu {
  #lastMs = burntMs();

  /** Milliseconds since the last call. */
  take(): number {
    const nowMs = burntMs();
    const spent = nowMs - this.#lastMs;
    this.#lastMs = nowMs;
    return spent;
  }
}

function burntMs(): number {
  const all = process.cpuUsage();
  const main = process.threadCpuUsage();
  return (all.user + all.system - main.user - main.system) / 1_000;
}
