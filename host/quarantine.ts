/** Quarantine: code whose scripts end their cells too often is stopped for that tenant, until an operator releases it. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { CellKill, Quarantine, QuarantineStore } from '../registry/index.ts';
import type { Audit } from './audit.ts';
import type { CommitOf, RunName } from './commits.ts';

/** When code is stopped. */
export interface QuarantineRule {
  /** Kills that are one too many. */
  readonly kills: number;
  /** Milliseconds within which they must happen. */
  readonly windowMs: number;
}

/** What the ward is made of. */
export interface WardOptions extends QuarantineRule {
  readonly store: QuarantineStore;
  readonly audit: Audit;
  readonly log: Logger;
  /**
   * Tells the commit of a run: all code of a commit is stopped together. Null where code changes without commits: there one
   * plan is stopped by itself.
   */
  readonly commitOf: CommitOf | null;
}

/** Code that a run obeys. */
export interface Origin {
  /** Digest of the plan. */
  readonly digest: string;
  /** Null for a plain folder. */
  readonly commit: string | null;
}

/** A script that ended its cell. */
export type Kill = Omit<CellKill, 'id' | 'time' | 'version'> & Origin;

/** A part of a run. */
export type Part = Omit<Kill, 'code'>;

/** Which quarantines to show. */
export interface WardQuery {
  readonly standing: boolean;
  readonly tenant?: string;
}

/** For how long an answer of the store is good: another host's quarantine is noticed this much later. */
const KNOWN_MS = 1_000;
const KNOWN_MAX = 1_000;
/** How long the failure of a script waits for its kill to be counted. */
const COUNT_MS = 2_000;
const COUNT_PAUSES_MS = [200, 1_000, 5_000];
const LISTED = 200;

interface Known {
  readonly at: number;
  readonly standing: Promise<Quarantine | null>;
}

/** Counts kills and tells what is stopped. All hosts over one store act as one. */
export class Ward {
  readonly #options: WardOptions;
  readonly #known = new Map<string, Known>();
  readonly #counting = new Set<Promise<void>>();

  constructor(options: WardOptions) {
    this.#options = options;
  }

  /** Which code a run obeys. Rejects when Temporal does not answer. */
  async originOf(digest: string, run: RunName | undefined): Promise<Origin> {
    const { commitOf } = this.#options;
    return { digest, commit: commitOf && run ? await commitOf(run) : null };
  }

  /** The quarantine of a tenant's code; null when it may run. Rejects when the store does not answer. */
  standing(tenant: string | null, origin: Origin): Promise<Quarantine | null> {
    const version = this.#versionOf(origin);
    const key = keyOf(tenant, version);
    const known = this.#known.get(key);
    if (known && performance.now() - known.at < KNOWN_MS) return known.standing;
    const asked = this.#options.store.latestQuarantine(tenant, version).then((latest) => {
      return latest === null || latest.releasedAt !== null ? null : latest;
    });
    asked.catch(() => this.#known.delete(key));
    this.#known.delete(key);
    this.#known.set(key, { at: performance.now(), standing: asked });
    const [oldest] = this.#known.keys();
    if (this.#known.size > KNOWN_MAX && oldest !== undefined) this.#known.delete(oldest);
    return asked;
  }

  /** Notes that a part of a run was refused because of a quarantine; the text says why to whoever wanted it. */
  refuse(quarantine: Quarantine, { commit: _, ...part }: Part): string {
    this.#options.audit.write({ ...part, code: 'COMMIT_QUARANTINED', method: 'activity' });
    return refusalText(quarantine);
  }

  /** Counts a kill, and stops the code when it is one too many. Resolves when that is done, or after two seconds. */
  async blame({ commit, ...kill }: Kill): Promise<void> {
    const version = this.#versionOf({ commit, digest: kill.digest });
    const counted = this.#count({ ...kill, version, id: randomUUID(), time: new Date().toISOString() });
    this.#counting.add(counted);
    void counted.finally(() => this.#counting.delete(counted));
    await within(COUNT_MS, counted);
  }

  /** At most 200, newest first. Rejects when the store does not answer. */
  list({ standing, tenant }: WardQuery): Promise<readonly Quarantine[]> {
    return this.#options.store.listQuarantines({ standing, atMost: LISTED, ...(tenant !== undefined && { tenant }) });
  }

  /**
   * Lets code run again and begins its count anew. Released once is released: later calls change nothing. Null when there is
   * no such quarantine. Rejects when the store does not answer.
   */
  async release(id: string, actor: string): Promise<Quarantine | null> {
    const { store, audit } = this.#options;
    const found = await store.releaseQuarantine(id, { at: new Date().toISOString(), by: actor });
    if (found === null) return null;
    const { quarantine, released } = found;
    this.#known.delete(keyOf(quarantine.tenant, quarantine.version));
    if (released) audit.write({ ...eventOf(quarantine), kind: 'released', method: 'quarantine.release', actor });
    return quarantine;
  }

  /** Waits, for two seconds at most, for what is being counted. */
  async close(): Promise<void> {
    await within(COUNT_MS, Promise.all(this.#counting));
  }

  #versionOf({ digest, commit }: Origin): string {
    return commit === null || this.#options.commitOf === null ? `plan:${digest}` : `commit:${commit}`;
  }

  /** Tried again while the store does not answer, then given up: a kill that cannot be counted must not hide the failure. */
  async #count(kill: CellKill): Promise<void> {
    for (const pauseMs of [...COUNT_PAUSES_MS, null]) {
      try {
        return await this.#add(kill);
      } catch (error) {
        const { tenant, version, runId } = kill;
        this.#options.log.error({ tenant, version, runId, err: error }, 'a killed cell could not be counted');
      }
      if (pauseMs !== null) await sleep(pauseMs, undefined, { ref: false });
    }
  }

  /**
   * Adds the kill, then counts. Kills belong to an epoch, which a release ends: one that comes late still counts in the old
   * one, and does no harm.
   */
  async #add(kill: CellKill): Promise<void> {
    const { store, audit, kills, windowMs } = this.#options;
    const { tenant, version, time, runId, workflow, activity, digest, code } = kill;
    const latest = await store.latestQuarantine(tenant, version);
    const epoch = latest === null ? 0 : latest.epoch + (latest.releasedAt === null ? 0 : 1);
    await store.addKill(kill, epoch);
    if (latest?.releasedAt === null) return;
    const since = new Date(Date.parse(time) - windowMs).toISOString();
    const counted = await store.countKills({ tenant, version, epoch, since, atMost: kills });
    if (counted < kills) return;
    const last = { runId, workflow, activity, digest, code };
    const made = await store.addQuarantine({ tenant, version, epoch, since: time, kills: counted, last });
    this.#known.delete(keyOf(tenant, version));
    if (made) audit.write({ ...eventOf(made), kind: 'quarantined', method: 'quarantine.begin' });
  }
}

/** What is told to whoever wanted to run the code. */
export function refusalText({ id, version, tenant, since, kills, last }: Quarantine): string {
  const [unit, hash = ''] = version.split(':');
  const what = unit === 'commit' ? `commit ${hash}` : `the code with plan digest ${hash}`;
  const whose = tenant === null ? 'runs without a tenant' : `tenant "${tenant}"`;
  const why = `its scripts ended their cell ${kills} times, the last one in activity "${last.activity}" of workflow "${last.workflow}" (${last.code})`;
  return `${what} is in quarantine for ${whose} since ${since}: ${why}; mend the script, or have an operator release quarantine ${id}`;
}

/** Fields of an event that is about a quarantine. */
function eventOf({ tenant, last }: Quarantine) {
  const { runId, workflow, activity, digest } = last;
  return { tenant, runId, workflow, activity, digest, code: 'COMMIT_QUARANTINED' } as const;
}

const keyOf = (tenant: string | null, version: string): string => JSON.stringify([tenant, version]);

async function within(ms: number, work: Promise<unknown>): Promise<void> {
  const done = new AbortController();
  const late = sleep(ms, undefined, { signal: done.signal }).catch(() => undefined);
  await Promise.race([work, late]);
  done.abort();
}
