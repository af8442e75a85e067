/** The chores there are. */
import type { AuditArchive, DeliveryStore, IdempotencyStore, LineStore } from '../../registry/index.ts';
import type { Environment } from '../env.ts';
import type { Repository } from '../repository/index.ts';
import type { Chore } from './index.ts';

/** What operators decide about chores. */
export interface ChoreSettings {
  /** Times; null: only when somebody asks. */
  readonly repoSync: string | null;
  readonly repoClean: string | null;
  readonly code: string | null;
  readonly retention: string | null;
  /** Whether the repository has a remote. */
  readonly remote: boolean;
  /** Days that the audit is kept; null: for ever. */
  readonly auditDays: number | null;
  /** Milliseconds within which kills count towards a quarantine: they are kept for longer, whatever `auditDays` says. */
  readonly quarantineWindowMs: number;
}

/** What chores work on. Null: the host has no such part, and no chore about it. */
export interface ChoreParts {
  readonly settings: ChoreSettings;
  /** Null too where people edit its folder: that is theirs to keep. */
  readonly repository: Pick<Repository, 'sync' | 'clean' | 'isThere'> | null;
  /** Removes code that nobody needs; how many pieces went. */
  readonly sweep: () => Promise<number>;
  readonly rows: (AuditArchive & IdempotencyStore & DeliveryStore & LineStore) | null;
}

const DAY_MS = 24 * 60 * 60 * 1000;
/** A key, and an event, is known again for a day. */
const REPEAT_DAYS = 1;
const LINE_DAYS = 30;

/** What operators decide, out of the environment. */
export function choreSettings(environment: Environment): ChoreSettings {
  const { choreRepoSync, choreRepoClean, choreCode, choreRetention, auditRetention, gitRepoUrl } = environment;
  const { quarantineWindowMs } = environment;
  return {
    repoSync: orOff(choreRepoSync),
    repoClean: orOff(choreRepoClean),
    code: orOff(choreCode),
    retention: orOff(choreRetention),
    remote: gitRepoUrl !== null,
    auditDays: auditRetention,
    quarantineWindowMs,
  };
}

/** All chores that this host has something to do for. */
export function choreList({ settings, repository, sweep, rows }: ChoreParts): Chore[] {
  return [
    ...(repository && settings.remote ? [repoSync(settings, repository)] : []),
    ...(repository ? [repoClean(settings, repository)] : []),
    // Without a database each host has a store of its own.
    code(settings, sweep, rows ? 'shared' : 'host'),
    ...(rows ? [retention(settings, rows)] : []),
  ];
}

/** Hosts may have a clone each, or share one: then they wait for each other at its lock. */
function repoSync({ repoSync: schedule }: ChoreSettings, repository: Pick<Repository, 'sync'>): Chore {
  return {
    id: 'repo-sync',
    description: 'Brings the repository to the state of its remote, as POST /repo/sync does.',
    schedule,
    scope: 'host',
    run: async () => {
      const { before, after } = await repository.sync();
      return before === after ? `still at ${after}` : `from ${before ?? 'nothing'} to ${after}`;
    },
  };
}

function repoClean({ repoClean: schedule }: ChoreSettings, repository: Pick<Repository, 'clean' | 'isThere'>): Chore {
  return {
    id: 'repo-clean',
    description: 'Removes worktrees of branches that are gone, and checkouts that no run needs.',
    schedule,
    scope: 'host',
    run: async () => {
      if (!(await repository.isThere())) return 'there is no repository: the project is a plain folder';
      const { removedWorktrees, prunedCheckouts } = await repository.clean();
      return `removed ${removedWorktrees.length} worktrees and ${prunedCheckouts.length} checkouts`;
    },
  };
}

function code({ code: schedule }: ChoreSettings, sweep: () => Promise<number>, scope: Chore['scope']): Chore {
  return {
    id: 'code-sweep',
    description: 'Removes built code that no open run needs and nobody has used for 30 days.',
    schedule,
    scope,
    run: async () => `removed ${await sweep()} bundles and plans`,
  };
}

function retention(settings: ChoreSettings, rows: NonNullable<ChoreParts['rows']>): Chore {
  const { retention: schedule, auditDays, quarantineWindowMs } = settings;
  return {
    id: 'retention',
    description:
      'Removes from the database what has been kept long enough: audit, keys of starts, events, logged lines.',
    schedule,
    scope: 'shared',
    run: async () => {
      // Each for itself: what fails must not keep the others.
      const done = await Promise.allSettled([
        rows.pruneIdempotency(daysAgo(REPEAT_DAYS)),
        rows.pruneDeliveries(daysAgo(REPEAT_DAYS)),
        rows.pruneLines(daysAgo(LINE_DAYS)),
        ...(auditDays === null ? [] : [rows.pruneAudit(daysAgo(Math.max(auditDays, quarantineWindowMs / DAY_MS)))]),
      ]);
      const failed = done.filter((each) => each.status === 'rejected');
      if (failed.length > 0) throw new AggregateError(failed.map(({ reason }) => reason));
      return auditDays === null ? 'the audit is kept for ever' : `the audit is kept for ${auditDays} days`;
    },
  };
}

function orOff(times: string): string | null {
  return times === 'off' ? null : times;
}

function daysAgo(days: number): string {
  return new Date(Date.now() - days * DAY_MS).toISOString();
}
