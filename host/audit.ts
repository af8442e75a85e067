/** The audit: what was refused, stopped, released and changed, written to the registry's table without holding anybody up. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { AuditEvent, AuditStore } from '../registry/index.ts';

/** How the audit keeps its events. Times in milliseconds. */
export interface AuditOptions {
  /** Null: the host has no database, and events are in its log only. */
  readonly store: AuditStore | null;
  readonly log: Logger;
  /** Events that may wait to be written; beyond that, those of the tenant that has most of them are dropped. Default 10,000. */
  readonly maxWaiting?: number;
  /** How long an event waits for others to be written with. Default 500. */
  readonly gatherMs?: number;
  /** How long one write may take. Default 10,000. */
  readonly writeMs?: number;
  /** Pause before a write is tried again; doubles, up to 30 s. Default 500. */
  readonly retryMs?: number;
  /** Writes of one batch, after which it is dropped. Default 20, some eight minutes. */
  readonly tries?: number;
  /** What `close` gives to what still waits. Default 5,000. */
  readonly closeMs?: number;
}

/** An event as its author makes it. */
export type Audited = Omit<AuditEvent, 'id' | 'time'>;

const BATCH = 500;
const RETRY_MAX_MS = 30_000;
const CLOSING_RETRY_MS = 100;

const WORDS = {
  denied: 'a call was denied',
  quarantined: 'code was put into quarantine',
  released: 'code was released from quarantine',
  write: 'a caller changed something, or tried to',
} as const;

/**
 * Takes events at any time and writes them in batches, in order. A database that is slow or down holds nobody up: events wait,
 * up to a number and for a time, then they are dropped and their count is logged. Every event is in the host's log at once.
 */
export class Audit {
  readonly #options: Required<AuditOptions>;
  readonly #closing = new AbortController();
  readonly #waiting: AuditEvent[] = [];
  /** Events that wait, by tenant. */
  readonly #counts = new Map<string | null, number>();
  /** Events at the head of the line that are being written. */
  #underWay = 0;
  #dropped = 0;
  #writing: Promise<void> | null = null;

  constructor(options: AuditOptions) {
    const defaults = { maxWaiting: 10_000, gatherMs: 500, writeMs: 10_000, retryMs: 500, tries: 20, closeMs: 5_000 };
    this.#options = { ...defaults, ...options };
  }

  /** Takes one event. Never throws, never waits. */
  write(audited: Audited): void {
    const { store, log, maxWaiting } = this.#options;
    const event = { id: randomUUID(), time: new Date().toISOString(), kind: 'denied', ...audited } as const;
    log[event.kind === 'write' ? 'info' : 'warn']({ audit: event.kind, ...event }, WORDS[event.kind]);
    if (store === null || this.#closing.signal.aborted) return;
    if (this.#waiting.length >= maxWaiting && !this.#makeRoom(event.tenant)) {
      this.#dropped++;
      return;
    }
    this.#waiting.push(event);
    this.#count(event, 1);
    this.#writing ??= this.#writeAll(store).finally(() => {
      this.#writing = null;
    });
  }

  /** Writes what waits, within its time. What is left is dropped. Takes no event afterwards. */
  async close(): Promise<void> {
    this.#closing.abort();
    const done = new AbortController();
    const late = sleep(this.#options.closeMs, undefined, { signal: done.signal }).catch(() => undefined);
    await Promise.race([this.#writing, late]);
    done.abort();
    this.#drop(this.#waiting.length);
    this.#report();
  }

  async #writeAll(store: AuditStore): Promise<void> {
    await this.#pause(this.#options.gatherMs);
    for (let tries = 1; this.#waiting.length > 0; tries++) {
      const batch = this.#waiting.slice(0, BATCH);
      this.#underWay = batch.length;
      const isWritten = await this.#written(store, batch);
      this.#underWay = 0;
      if (isWritten) {
        // `close` may have given them up meanwhile.
        if (this.#waiting[0] === batch[0]) this.#take(batch.length);
        tries = 0;
      } else if (tries >= this.#options.tries) {
        this.#drop(batch.length);
        tries = 0;
      } else {
        await this.#pause(Math.min(this.#options.retryMs * 2 ** (tries - 1), RETRY_MAX_MS));
        if (this.#closing.signal.aborted) await sleep(CLOSING_RETRY_MS);
      }
      this.#report();
    }
  }

  /** Events have ids of their own: what was written after all, though no answer came, is written once. */
  async #written(store: AuditStore, batch: readonly AuditEvent[]): Promise<boolean> {
    const { log, writeMs } = this.#options;
    const done = new AbortController();
    const late = sleep(writeMs, 'late', { signal: done.signal }).catch(() => undefined);
    try {
      if ((await Promise.race([store.addAudit(batch), late])) !== 'late') return true;
      log.error({ waiting: this.#waiting.length }, 'audit events could not be written in time');
    } catch (error) {
      log.error({ err: error, waiting: this.#waiting.length }, 'audit events could not be written');
    } finally {
      done.abort();
    }
    return false;
  }

  /** Cut short by `close`. */
  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#closing.signal }).catch(() => undefined);
  }

  #drop(count: number): void {
    this.#take(count);
    this.#dropped += count;
  }

  #take(count: number): void {
    for (const event of this.#waiting.splice(0, count)) this.#count(event, -1);
  }

  #count({ tenant }: AuditEvent, by: 1 | -1): void {
    const count = (this.#counts.get(tenant) ?? 0) + by;
    if (count === 0) this.#counts.delete(tenant);
    else this.#counts.set(tenant, count);
  }

  /**
   * Drops the newest event of the tenant that has most of them waiting, so that nobody's flood costs the others theirs. False
   * when that is the very tenant that asks.
   */
  #makeRoom(tenant: string | null): boolean {
    const [most] = [...this.#counts].sort(([, a], [, b]) => b - a);
    if (most === undefined || most[1] <= (this.#counts.get(tenant) ?? 0)) return false;
    const at = this.#waiting.findLastIndex((event, index) => event.tenant === most[0] && index >= this.#underWay);
    const [dropped] = at < 0 ? [] : this.#waiting.splice(at, 1);
    if (dropped === undefined) return false;
    this.#count(dropped, -1);
    this.#dropped++;
    return true;
  }

  #report(): void {
    if (this.#dropped === 0) return;
    this.#options.log.error({ dropped: this.#dropped }, 'audit events were dropped: they stand in this log only');
    this.#dropped = 0;
  }
}
