/** Leases of this host: won, renewed until they are given back, and given up when they could not be renewed. */
import type { Logger } from 'pino';
import type { ProjectStore } from '../../registry/index.ts';
import type { ProjectSettings } from './settings.ts';

/** A lease that this host has. `lost` aborts when it is no longer ours, or may soon not be. */
export interface Lease {
  readonly resource: string;
  readonly fence: number;
  readonly lost: AbortSignal;
}

/** What leases are made of. */
export interface LeaseOptions {
  readonly store: ProjectStore;
  /** This host, as no other one is called. */
  readonly holder: string;
  readonly host: string;
  readonly settings: Pick<ProjectSettings, 'leaseTtlMs' | 'leaseRenewMs' | 'leaseMarginMs'>;
  readonly log: Logger;
}

/** Reason of `lost`. */
export type LeaseLoss = 'taken by another host' | 'not renewed in time';

interface Held {
  readonly lease: Lease;
  readonly lose: AbortController;
  deadline: NodeJS.Timeout;
}

/** The leases of one host. `start` before the first one is won; after `close` none is held. */
export class Leases {
  readonly #options: LeaseOptions;
  readonly #held = new Map<string, Held>();
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> = Promise.resolve();
  #lost = 0;

  constructor(options: LeaseOptions) {
    this.#options = options;
  }

  /** How many are held. */
  get size(): number {
    return this.#held.size;
  }

  /** How many were lost since the start. */
  get lost(): number {
    return this.#lost;
  }

  holds(resource: string): boolean {
    return this.#held.has(resource);
  }

  /** Renews from now on, in every interval. */
  start(): void {
    let isDone = true;
    const next = (): void => {
      // A database that is slower than the interval is not asked twice at once.
      if (!isDone) return;
      isDone = false;
      this.#round = this.renew().finally(() => {
        isDone = true;
      });
    };
    this.#timer = setInterval(next, this.#options.settings.leaseRenewMs);
    this.#timer.unref();
  }

  /**
   * Wins the lease when nobody has it; null when somebody has. `asOf`: the time at which it is taken to be, later than now
   * where its holder is known to be dead. Rejects with `STORE_UNAVAILABLE`.
   */
  async acquire(resource: string, asOf = Date.now()): Promise<Lease | null> {
    const { store, holder, host, settings, log } = this.#options;
    const asked = performance.now();
    const expiresAt = iso(Date.now() + settings.leaseTtlMs);
    const row = await store.acquireLease({ resource, holder, host, now: iso(asOf), expiresAt });
    if (row === null) return null;
    const lose = new AbortController();
    const lease: Lease = { resource, fence: row.fence, lost: lose.signal };
    this.#held.set(resource, { lease, lose, deadline: this.#deadline(lease, asked) });
    log.info({ event: 'lease_acquired', ...about(resource), fence: row.fence, host }, 'a lease was won');
    return lease;
  }

  /** Whether it is still ours, asked of the database; one that is not is lost. */
  async check({ resource }: Lease): Promise<boolean> {
    const held = this.#held.get(resource);
    if (held === undefined) return false;
    await this.#renew(held);
    return this.#held.has(resource);
  }

  /** Gives it back. One that is lost is nobody's to give. Does not reject: it ends by itself. */
  async release({ resource, fence, lost }: Lease): Promise<void> {
    const held = this.#held.get(resource);
    if (held?.lease.fence === fence) {
      clearTimeout(held.deadline);
      this.#held.delete(resource);
    }
    if (lost.aborted && lost.reason === ('taken by another host' satisfies LeaseLoss)) return;
    const { store, holder, log } = this.#options;
    await store.releaseLease({ resource, holder, fence, now: iso(Date.now()) }).catch((error: unknown) => {
      log.warn({ event: 'lease_release_failed', ...about(resource), err: error }, 'a lease could not be given back');
    });
  }

  /** One round: those that were won first come first, so that no other lease of a host outlives its membership. */
  async renew(): Promise<void> {
    for (const part of parts([...this.#held.values()])) await Promise.all(part.map((held) => this.#renew(held)));
  }

  /** Gives all of them back. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#round;
    await Promise.all([...this.#held.values()].map(({ lease }) => this.release(lease)));
  }

  async #renew(held: Held): Promise<void> {
    const { store, holder, settings, log } = this.#options;
    const { lease } = held;
    const { resource, fence } = lease;
    const asked = performance.now();
    const now = Date.now();
    const renewal = { resource, holder, fence, now: iso(now), expiresAt: iso(now + settings.leaseTtlMs) };
    const isOurs = await store.renewLease(renewal).catch((error: unknown) => {
      log.warn({ event: 'lease_renewal_failed', ...about(resource), err: error }, 'a lease could not be renewed');
      return null;
    });
    if (this.#held.get(resource) !== held || isOurs === null) return;
    if (!isOurs) return this.#lose(held, 'taken by another host');
    clearTimeout(held.deadline);
    held.deadline = this.#deadline(lease, asked);
  }

  /** By the monotonic clock, from before the database was asked. */
  #deadline(lease: Lease, asked: number): NodeJS.Timeout {
    const { leaseTtlMs, leaseMarginMs } = this.#options.settings;
    const left = leaseTtlMs - leaseMarginMs - (performance.now() - asked);
    const timer = setTimeout(() => {
      const held = this.#held.get(lease.resource);
      if (held?.lease === lease) this.#lose(held, 'not renewed in time');
    }, left);
    timer.unref();
    return timer;
  }

  #lose({ lease, lose, deadline }: Held, reason: LeaseLoss): void {
    clearTimeout(deadline);
    this.#held.delete(lease.resource);
    this.#lost += 1;
    const { resource, fence } = lease;
    const { host, log } = this.#options;
    log.warn({ event: 'lease_lost', ...about(resource), fence, host, reason }, `a lease was lost: ${reason}`);
    lose.abort(reason);
  }
}

const AT_ONCE = 8;
const OF_PROJECT = /^project\/([^/]+)\//;

function about(resource: string) {
  const [, projectId] = OF_PROJECT.exec(resource) ?? [];
  return { resource, ...(projectId !== undefined && { projectId }) };
}

function parts<T>(all: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(all.length / AT_ONCE) }, (_, n) => all.slice(n * AT_ONCE, (n + 1) * AT_ONCE));
}

const iso = (time: number): string => new Date(time).toISOString();
