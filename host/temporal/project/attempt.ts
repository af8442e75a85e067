/** One attempt of a project's activity: its signs of life, its time, and what is left of it when it is cancelled. */
import type { Context } from '@temporalio/activity';
import { LONGEST_MS } from '../../runner.ts';
import { HEARTBEAT_MS, marginOf, timeOf } from '../activities/attempt.ts';

/** How long a cancelled script may go on, to clean up. */
const CANCEL_GRACE_MS = 5_000;

/** Says that the attempt is alive, with the newest that its script said. */
export class Pulse {
  readonly #context: Context;
  readonly #timer: NodeJS.Timeout | undefined;
  #details: unknown;

  constructor(context: Context) {
    this.#context = context;
    const { isLocal, heartbeatTimeoutMs, heartbeatDetails } = context.info;
    // What the last attempt said stands until this one says something.
    this.#details = heartbeatDetails;
    if (!isLocal)
      this.#timer = setInterval(() => this.#beat(), Math.min(HEARTBEAT_MS, (heartbeatTimeoutMs || 60_000) / 4));
  }

  say(details: unknown): void {
    this.#details = details;
    if (this.#timer) this.#beat();
  }

  end(): void {
    clearInterval(this.#timer);
  }

  #beat(): void {
    this.#context.heartbeat(this.#details);
  }
}

/** A signal that aborts a while after another. */
export function graceAfter(cancel: AbortSignal): { readonly signal: AbortSignal; end(): void } {
  const over = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const begin = (): void => {
    timer = setTimeout(() => over.abort(), CANCEL_GRACE_MS);
  };
  if (cancel.aborted) begin();
  else cancel.addEventListener('abort', begin, { once: true });
  return {
    signal: over.signal,
    end: () => {
      cancel.removeEventListener('abort', begin);
      clearTimeout(timer);
    },
  };
}

/** Asks how long there is until the host must report an overrun of this attempt, or of all attempts together. */
export function remaining(context: Context): () => number {
  const { startToCloseTimeoutMs: attemptMs, scheduleToCloseTimeoutMs: allMs } = context.info;
  const takenAt = Date.now();
  return () => {
    const ofAttempt = attemptMs > 0 ? attemptMs - marginOf(attemptMs) - (Date.now() - takenAt) : LONGEST_MS;
    return Math.min(ofAttempt, allMs > 0 ? timeOf(context).remainingMs : LONGEST_MS);
  };
}
