/** The chores there are. */
import type { AuditArchive, DeliveryStore, IdempotencyStore, LineStore } from '../../registry/index.ts';
import type { Environment } from '../env.ts';
import type { Chore } from './index.ts';

/** What operators decide about chores. */
export interface ChoreSettings {
  readonly retention: string | null;
  /** Days that the audit is kept; null: for ever. */
  readonly auditDays: number | null;
}

/** What chores work on. Null: the host has no such part, and no chore about it. */
export interface ChoreParts {
  readonly settings: ChoreSettings;
  readonly rows: (AuditArchive & IdempotencyStore & DeliveryStore & LineStore) | null;
}

const DAY_MS = 24 * 60 * 60 * 1000;
/** A key, and an event, is known again for a day. */
const REPEAT_DAYS = 1;
const LINE_DAYS = 30;

/** What operators decide, out of the environment. */
export function choreSettings({ choreRetention, auditRetention }: Environment): ChoreSettings {
  return { retention: orOff(choreRetention), auditDays: auditRetention };
}

/** All chores that this host has something to do for. */
export function choreList({ settings, rows }: ChoreParts): Chore[] {
  return rows === null ? [] : [retention(settings, rows)];
}

function retention({ retention: schedule, auditDays }: ChoreSettings, rows: NonNullable<ChoreParts['rows']>): Chore {
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
        ...(auditDays === null ? [] : [rows.pruneAudit(daysAgo(auditDays))]),
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
