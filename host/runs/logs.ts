/** What scripts logged, kept in the registry's table for those who look at a run, without holding anybody up. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { LineStore, RunLine } from '../../registry/index.ts';
import type { LogLine } from '../../sandbox/index.ts';

/** Of which activity of which run a line is. */
export interface LineOf {
  readonly runId: string;
  readonly activity: string;
  readonly attempt: number;
}

/** How lines are kept. Times in milliseconds. */
export interface LogOptions {
  readonly store: LineStore;
  readonly log: Logger;
  /** Lines of one attempt of one activity; the line after the last says that there were more. Default 500. */
  readonly maxLines?: number;
  /** Characters of message and data of a line. Default 8,192. */
  readonly maxLength?: number;
  /** Lines that may wait to be written; beyond that they are dropped and counted. Default 10,000. */
  readonly maxWaiting?: number;
  /** How long a line waits for others to be written with. Default 250. */
  readonly gatherMs?: number;
}

const BATCH = 200;
const TRIES = 5;
const RETRY_MS = 500;
/** Activities whose lines are counted at once. */
const COUNTED = 10_000;

/** Takes lines at any time and writes them in batches, in order. They all stand in the host's own log, whatever becomes of them. */
export class RunLogs {
  readonly #options: Required<LogOptions>;
  readonly #waiting: RunLine[] = [];
  readonly #counts = new Map<string, number>();
  readonly #closing = new AbortController();
  #writing: Promise<void> | null = null;
  #lastSeq = 0;
  #dropped = 0;

  constructor(options: LogOptions) {
    this.#options = { maxLines: 500, maxLength: 8192, maxWaiting: 10_000, gatherMs: 250, ...options };
  }

  /** Takes one line. Never throws, never waits. */
  write({ level, message, data, time }: LogLine, of: LineOf): void {
    const { maxLines, maxLength, maxWaiting } = this.#options;
    const count = this.#count(of);
    if (count > maxLines + 1) return;
    if (this.#waiting.length >= maxWaiting || this.#closing.signal.aborted) {
      this.#dropped++;
      return;
    }
    const told =
      count > maxLines
        ? { level: 'warn' as const, message: `further lines of this attempt are in the host's log only`, data: null }
        : { level, message: message.slice(0, maxLength), data: shortened(data, maxLength) };
    this.#waiting.push({ id: randomUUID(), ...of, seq: this.#seq(), time, ...told });
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = null;
    });
  }

  /** Lines of a run after `after`, at most so many. Rejects with `STORE_UNAVAILABLE`. */
  list(query: Parameters<LineStore['listLines']>[0]): Promise<readonly RunLine[]> {
    return this.#options.store.listLines(query);
  }

  /** Writes what waits, and takes no more. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#writing;
  }

  /** Of one host rising, of several in the order of their clocks. */
  #seq(): number {
    this.#lastSeq = Math.max(this.#lastSeq + 1, Date.now() * 1000);
    return this.#lastSeq;
  }

  #count({ runId, activity, attempt }: LineOf): number {
    const key = `${runId} ${activity} ${attempt}`;
    const count = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.delete(key);
    this.#counts.set(key, count);
    const [oldest] = this.#counts.keys();
    if (this.#counts.size > COUNTED && oldest !== undefined) this.#counts.delete(oldest);
    return count;
  }

  async #writeAll(): Promise<void> {
    const { store, log, gatherMs } = this.#options;
    await sleep(gatherMs, undefined, { signal: this.#closing.signal }).catch(() => undefined);
    for (let tries = 1; this.#waiting.length > 0; ) {
      const batch = this.#waiting.slice(0, BATCH);
      const error = await store.addLines(batch).then(
        () => null,
        (reason: unknown) => reason ?? 'no reason',
      );
      if (error === null || tries >= TRIES || this.#closing.signal.aborted) {
        this.#waiting.splice(0, batch.length);
        if (error !== null) this.#dropped += batch.length;
        tries = 1;
      } else {
        tries++;
        await sleep(RETRY_MS, undefined, { signal: this.#closing.signal }).catch(() => undefined);
      }
      if (this.#dropped > 0) log.error({ dropped: this.#dropped, err: error }, 'lines of scripts were not kept');
      this.#dropped = 0;
    }
  }
}

/** Data that is too long is kept as the beginning of its text. */
function shortened(data: unknown, maxLength: number): unknown {
  const text = JSON.stringify(data);
  if (text === undefined) return null;
  return text.length <= maxLength ? data : `${text.slice(0, maxLength)}…`;
}
