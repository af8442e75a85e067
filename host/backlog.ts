/** Runs that find the queue of their tenant full: they wait here, in order, until it has a place. Nothing of them is lost. */
import { type RunRequest, SandboxFull, Wait } from '../sandbox/index.ts';

/** How often a run that waits is looked at: it may be time to say so. */
const WORD_MS = 500;

/** One tenant's line. */
interface Lane {
  /** Wakes those that wait, the first one first. */
  readonly waiting: (() => void)[];
  /** Runs that are here or in the sandbox. */
  runs: number;
  /** Runs that have left the sandbox. */
  ends: number;
  /** The limit that holds it, in words; known since the first refusal. */
  text: string;
}

/** What the backlog needs of a run. */
export type Waiting = Pick<RunRequest, 'cell' | 'signal' | 'log'>;

/** Gives a run to the sandbox; `onQueued` is called when it has a place in the queue there. */
export type Start<T> = (onQueued: () => void) => Promise<T>;

/** The line before the sandbox. Every run goes through it: the end of one is what wakes the next. */
export class Backlog {
  readonly #lanes = new Map<string, Lane>();

  /** Runs that wait here. */
  get length(): number {
    return [...this.#lanes.values()].reduce((sum, { waiting }) => sum + waiting.length, 0);
  }

  /**
   * Starts a run, as often as it takes for the sandbox not to refuse it with `SandboxFull`. When `signal` aborts it is started
   * at once, for the sandbox to say how that ends.
   */
  async run<T>({ cell, signal, log }: Waiting, start: Start<T>): Promise<T> {
    const lane = this.#enter(cell);
    const wait = new Wait(log);
    try {
      let wasWoken = lane.waiting.length > 0;
      if (wasWoken) await turn(lane, { signal, wait, isFirst: false });
      for (;;) {
        const { ends } = lane;
        try {
          return await start(() => wait.end());
        } catch (error) {
          if (!(error instanceof SandboxFull)) throw error;
          lane.text = `maxQueued ${error.maxQueued}: as many runs of the tenant wait in this host already`;
        }
        // Whoever ended meanwhile found nobody to wake.
        if (lane.ends !== ends) continue;
        await turn(lane, { signal, wait, isFirst: wasWoken });
        wasWoken = true;
      }
    } finally {
      wait.end();
      this.#leave(cell, lane);
    }
  }

  #enter(cell: string): Lane {
    const lane = this.#lanes.get(cell) ?? { waiting: [], runs: 0, ends: 0, text: '' };
    this.#lanes.set(cell, lane);
    lane.runs++;
    return lane;
  }

  #leave(cell: string, lane: Lane): void {
    lane.ends++;
    if (--lane.runs === 0) this.#lanes.delete(cell);
    lane.waiting.shift()?.();
  }
}

/** Waits to be woken, or for the end of the run; whose turn it was already is the first in the line. */
async function turn(
  { waiting, text }: Lane,
  { signal, wait, isFirst }: { readonly signal: AbortSignal; readonly wait: Wait; readonly isFirst: boolean },
): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  wait.hold({ limit: 'maxQueued', text });
  if (isFirst) waiting.unshift(resolve);
  else waiting.push(resolve);
  const word = setInterval(() => wait.look(), WORD_MS);
  const cancel = (): void => {
    const place = waiting.indexOf(resolve);
    if (place >= 0) waiting.splice(place, 1);
    resolve();
  };
  signal.addEventListener('abort', cancel, { once: true });
  await promise;
  signal.removeEventListener('abort', cancel);
  clearInterval(word);
}
