/**
 * What one workflow task carries. Temporal takes so many commands of a kind at once and one message of bytes; of more it refuses the whole
 * task, again and again.
 */

/** What waits in Temporal until it ends, of each kind at once: a default of the server's. */
const MAX_WAITING = 2000;
/** Below what Temporal takes as one message. */
const MAX_BYTES = 3.75 * 2 ** 20;

const WAITING: Readonly<Record<string, string>> = {
  scheduleActivity: 'activities',
  startChildWorkflowExecution: 'child workflows',
  signalExternalWorkflowExecution: 'signals to other workflows',
  requestCancelExternalWorkflowExecution: 'cancellations of other workflows',
};

/** The load of the task that is going on. A task begins with anything but the end of a local activity: those end within it. */
export class TaskLoad {
  #bytes = 0;
  #began = 0;
  readonly #waiting = new Map<string, number>();

  /** Another task; `now` in milliseconds. */
  begin(now: number): void {
    this.#bytes = 0;
    this.#began = now;
    this.#waiting.clear();
  }

  /** A local activity has ended. What was there is on its way where the task would have timed out since: its worker reports in time. */
  went(now: number, timeoutMs: number): void {
    if (now - this.#began > timeoutMs) this.begin(now);
  }

  /** Bytes that go out with the task. */
  add(bytes: number): void {
    this.#bytes += bytes;
  }

  /** Counts a command. */
  count(name: string): void {
    this.#waiting.set(name, (this.#waiting.get(name) ?? 0) + 1);
  }

  /** What there is too much of; null where Temporal takes it all. */
  get excess(): { readonly code: 'PARAMS_TOO_LARGE' | 'WORKFLOW_CODE_ERROR'; readonly message: string } | null {
    if (this.#bytes > MAX_BYTES) {
      const message = `found ${this.#bytes} bytes of commands at once, expected at most ${MAX_BYTES}`;
      return { code: 'PARAMS_TOO_LARGE', message };
    }
    for (const [name, what] of Object.entries(WAITING)) {
      const count = this.#waiting.get(name) ?? 0;
      const message = `found ${count} ${what} at once, expected at most ${MAX_WAITING}`;
      if (count > MAX_WAITING) return { code: 'WORKFLOW_CODE_ERROR', message };
    }
    return null;
  }
}
