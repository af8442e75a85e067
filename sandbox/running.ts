import { answerCall } from './call.ts';
import type { RunErrorCode } from './contract.ts';
import { deeperThan, moreValuesThan } from './depth.ts';
import type { Job } from './job.ts';
import { BEAT_MS, MAX_DEPTH, MAX_VALUES } from './limits.ts';
import { toLogLine } from './line.ts';
import type { FromCell } from './message.ts';

/** How long a run's isolate may take to end after its limit or its outcome, and a run over its wall limit to say so. */
const GRACE_MS = 1_000;

/** Heartbeats that may come out of turn. */
const SPARE_BEATS = 10;

type Message<T extends FromCell['t']> = Extract<FromCell, { t: T }>;

/** What the host keeps of one run while it is in a cell. The run is over when its outcome is known; it leaves the cell later. */
export class Running {
  readonly id: number;
  readonly job: Job;
  readonly startedAt = performance.now();
  readonly #abort = new AbortController();
  readonly #cancel: () => void;
  readonly #notice: () => void;
  #endedAt: number | null = null;
  #calls = 0;
  #open = 0;
  #lines = 0;
  #beats = 0;

  /**
   * Before the run's outcome is known, `cancelled` is called when its signal aborts, `noticed` with the text of the `Cancellation`
   * when the script of an activity is to hear of one.
   */
  constructor(
    id: number,
    job: Job,
    { cancelled, noticed }: { cancelled: () => void; noticed: (text: string) => void },
  ) {
    this.id = id;
    this.job = job;
    this.#cancel = cancelled;
    const { signal, activity } = job.request;
    this.#notice = () => noticed(JSON.stringify(activity?.cancellation()));
    signal.addEventListener('abort', this.#cancel, { once: true });
    activity?.cancel.addEventListener('abort', this.#notice, { once: true });
  }

  /** Called when the cell has been told to run it: what happened to it before is told now. */
  begun(): void {
    if (this.job.request.activity?.cancel.aborted) this.#notice();
  }

  /** Whether the outcome is known: nothing more of this run is listened to. */
  get isOver(): boolean {
    return this.#endedAt !== null;
  }

  /** Ring three: over its wall limit without a word, or in the cell for longer than it may take to leave it. */
  isStuck(now: number, readyAt: number): boolean {
    if (this.#endedAt !== null) return now - this.#endedAt > GRACE_MS;
    return now - Math.max(this.startedAt, readyAt) > this.job.request.limits.wallMs + GRACE_MS;
  }

  /** Counts a call. False when the run has none left, which its own cell should have known. */
  admitsCall(): boolean {
    const { calls, inFlight } = this.job.request.limits;
    return this.#calls++ < calls && this.#open < inFlight;
  }

  /** Whether this may be the result of the run, which its own cell should have known. */
  admitsResult(output: string): boolean {
    if (Buffer.byteLength(output) > this.job.request.limits.resultBytes) return false;
    return !deeperThan(output, MAX_DEPTH) && !moreValuesThan(output, MAX_VALUES);
  }

  /**
   * Answers a call that was admitted; null when nobody waits for the answer any more. `failed` gets what no script may see. The
   * call is open until `delivered`: answers that a cell does not read would pile up in the host.
   */
  async answer(message: Message<'call'>, failed: (error: unknown) => void): Promise<string | null> {
    this.#open++;
    const text = await answerCall(this.job.request, message, this.#abort.signal, failed);
    return this.isOver ? null : text;
  }

  /** An answer has left the host. */
  delivered(): void {
    this.#open--;
  }

  /** Passes a line on. One line more than allowed: it says that there are no more. */
  log(message: Message<'log'>): void {
    const { limits, log } = this.job.request;
    if (this.#lines++ <= limits.logLines) log(toLogLine(message, new Date()));
  }

  /** Passes a heartbeat on, where a cell of ours would have sent it. */
  beat({ details }: Message<'beat'>): void {
    const { activity, limits } = this.job.request;
    const due = (performance.now() - this.startedAt) / BEAT_MS + SPARE_BEATS;
    if (!activity || this.#beats++ > due || Buffer.byteLength(details) > limits.argBytes) return;
    if (deeperThan(details, MAX_DEPTH) || moreValuesThan(details, MAX_VALUES)) return;
    try {
      activity.heartbeat(details === '' ? undefined : JSON.parse(details));
    } catch {
      // It is no JSON.
    }
  }

  /** Gives the job an outcome that the host decided. */
  fail(code: RunErrorCode, text: string): void {
    this.job.fail(code, text, this.#calls);
  }

  /** Called when the outcome is known, or has to come from another cell. */
  close(): void {
    this.#endedAt ??= performance.now();
    this.job.request.signal.removeEventListener('abort', this.#cancel);
    this.job.request.activity?.cancel.removeEventListener('abort', this.#notice);
    this.#abort.abort();
  }
}
