import { createHash } from 'node:crypto';

/** One script that ended its cell. */
export interface CellKill {
  /** UUID. The same kill added twice counts once. */
  readonly id: string;
  /** ISO 8601. */
  readonly time: string;
  readonly tenant: string | null;
  /** `commit:<hash>`; `plan:<digest>` where the code is no commit's. */
  readonly version: string;
  readonly runId: string;
  readonly workflow: string;
  readonly activity: string;
  /** Digest of the plan. */
  readonly digest: string;
  /** E.g. `SCRIPT_KILLED`. */
  readonly code: string;
}

/** The kill that was one too many. */
export type LastKill = Pick<CellKill, 'runId' | 'workflow' | 'activity' | 'digest' | 'code'>;

/** A version that is stopped for a tenant, or was. */
export interface Quarantine {
  /** 32 hex digits, made of tenant, version and epoch. */
  readonly id: string;
  readonly tenant: string | null;
  readonly version: string;
  /** How many quarantines of this tenant and version came before this one. */
  readonly epoch: number;
  /** ISO 8601. */
  readonly since: string;
  readonly kills: number;
  readonly last: LastKill;
  /** ISO 8601; null while it stands. */
  readonly releasedAt: string | null;
  readonly releasedBy: string | null;
}

/** A quarantine to be opened. */
export type NewQuarantine = Omit<Quarantine, 'id' | 'releasedAt' | 'releasedBy'>;

/** Which kills to count. */
export interface KillCount {
  readonly tenant: string | null;
  readonly version: string;
  readonly epoch: number;
  /** ISO 8601: kills of before do not count. */
  readonly since: string;
  /** Where to stop counting. */
  readonly atMost: number;
}

/** Which quarantines to list, newest first. */
export interface QuarantineQuery {
  readonly standing: boolean;
  /** Absent: of every tenant, and of runs without one. */
  readonly tenant?: string;
  readonly atMost: number;
}

/**
 * Keeps kills and quarantines. Calls may overlap, also from several hosts. Every method throws `STORE_UNAVAILABLE` when the
 * store cannot be read or written.
 */
export interface QuarantineStore {
  /** The newest quarantine of a tenant's version, released or not; null when there never was one. */
  latestQuarantine(tenant: string | null, version: string): Promise<Quarantine | null>;
  addKill(kill: CellKill, epoch: number): Promise<void>;
  countKills(count: KillCount): Promise<number>;
  /** Null when that epoch has one already, released or not: somebody else was first. */
  addQuarantine(quarantine: NewQuarantine): Promise<Quarantine | null>;
  listQuarantines(query: QuarantineQuery): Promise<readonly Quarantine[]>;
  /** Null when there is none of that id. `released` is false when it had been released before; then nothing changes. */
  releaseQuarantine(
    id: string,
    release: { readonly at: string; readonly by: string },
  ): Promise<{ readonly quarantine: Quarantine; readonly released: boolean } | null>;
}

/** Id of the quarantine of an epoch: whoever opens it comes to the same. */
export function quarantineId({ tenant, version, epoch }: Pick<Quarantine, 'tenant' | 'version' | 'epoch'>): string {
  return createHash('sha256')
    .update(JSON.stringify([tenant, version, epoch]))
    .digest('hex')
    .slice(0, 32);
}
