/** This host among those over the same database: whether it may join them, and who they are. */
import type { Logger } from 'pino';
import type { LeaseRow, ProjectStore } from '../../registry/index.ts';
import { refused } from './failure.ts';
import type { Lease, Leases } from './leases.ts';

const MEMBERS = 'host/';
/** Held by the host that runs the database itself, for itself alone. */
const EMBEDDED = 'embedded';
const MOST_MEMBERS = 1_000;
const SKEW_WARNED_MS = 2_000;
const SKEW_REFUSED_MS = 5_000;

/** What joining takes. */
export interface MembershipOptions {
  readonly store: ProjectStore;
  readonly leases: Leases;
  /** `{host name}-{process id}-{random}`. */
  readonly holder: string;
  readonly host: string;
  readonly embedded: boolean;
  readonly log: Logger;
  /** Host's clock, epoch milliseconds. */
  readonly now: () => number;
}

/** True for a lease that somebody has, as clocks go. */
export function isLive({ holder, expiresAt }: LeaseRow, now: number): boolean {
  return holder !== null && expiresAt !== null && Date.parse(expiresAt) > now;
}

/** The hosts that share a database, seen from one of them. */
export class Membership {
  readonly #options: MembershipOptions;
  #own: Lease | null = null;

  constructor(options: MembershipOptions) {
    this.#options = options;
  }

  /** Rejects with `CLOCK_SKEW`, `EMBEDDED_SINGLE_HOST` and `STORE_UNAVAILABLE`. */
  async open(): Promise<void> {
    await this.#checkClock();
    await this.#claimDatabase();
    await this.join();
  }

  /** Sees to it that this host counts; does nothing when it does. */
  async join(): Promise<void> {
    const { leases, store } = this.#options;
    if (this.#own && !this.#own.lost.aborted) return;
    const rows = new Map((await store.listLeases(MEMBERS)).map((row) => [row.resource, row]));
    for (let n = 0; n < MOST_MEMBERS; n++) {
      const row = rows.get(`${MEMBERS}${n}`);
      if (row && isLive(row, Date.now())) continue;
      this.#own = await leases.acquire(`${MEMBERS}${n}`);
      if (this.#own) return;
    }
  }

  /** Holders of all hosts that live; this one is among them. */
  async members(): Promise<readonly LeaseRow[]> {
    const { store, holder, now } = this.#options;
    const rows = await store.listLeases(MEMBERS);
    return rows.filter((row) => isLive(row, now()) || row.holder === holder);
  }

  async #checkClock(): Promise<void> {
    const { store, log, now } = this.#options;
    const before = now();
    const theirs = await store.databaseTime();
    if (theirs === null) return;
    const after = now();
    // What the answer may have taken says nothing about the clocks.
    const skewMs = Math.max(0, before - theirs, theirs - after);
    const seconds = (skewMs / 1000).toFixed(1);
    if (skewMs > SKEW_REFUSED_MS) {
      throw refused('CLOCK_SKEW', {
        where: 'clock of this host',
        found: `${seconds} s between it and the database`,
        expected: `at most ${SKEW_REFUSED_MS / 1000} s`,
      });
    }
    if (skewMs > SKEW_WARNED_MS) {
      log.warn({ event: 'clock_skew', code: 'CLOCK_SKEW', skewMs }, 'the clock differs from that of the database');
    }
  }

  async #claimDatabase(): Promise<void> {
    const { store, leases, embedded, holder } = this.#options;
    const [row] = (await store.listLeases(EMBEDDED)).filter(({ resource }) => resource === EMBEDDED);
    const isTaken = row !== undefined && row.holder !== holder && isLive(row, Date.now());
    if (isTaken && !(embedded && this.#isDead(row))) throw taken(row);
    if (!embedded) return;
    // Its data folder is this process's alone, so whoever has a lease there is dead.
    const lease = await leases.acquire(EMBEDDED, afterAll(row));
    if (!lease) throw taken(row);
    await this.#clear();
  }

  /** Gives back what hosts before this one left behind. */
  async #clear(): Promise<void> {
    const { store } = this.#options;
    const now = new Date().toISOString();
    for (const prefix of ['project/', MEMBERS]) {
      for (const { resource, holder, fence } of await store.listLeases(prefix)) {
        if (holder !== null) await store.releaseLease({ resource, holder, fence, now });
      }
    }
  }

  /** Only of holders on this machine can that be known. */
  #isDead({ holder, host }: LeaseRow): boolean {
    const [, pid] = /-(\d+)-[0-9a-f]+$/.exec(holder ?? '') ?? [];
    if (host !== this.#options.host || pid === undefined || Number(pid) === process.pid) return false;
    try {
      process.kill(Number(pid), 0);
      return false;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'ESRCH';
    }
  }
}

function afterAll(row: LeaseRow | undefined): number {
  return Math.max(Date.now(), row?.expiresAt ? Date.parse(row.expiresAt) + 1 : 0);
}

function taken(row: LeaseRow | undefined) {
  return refused('EMBEDDED_SINGLE_HOST', {
    where: 'database',
    found: `one that is embedded in the host ${row?.holder ?? 'that was faster'}`,
    expected: 'a database of its own, or Supabase for more than one host',
  });
}
