/** Which projects a host takes, and when it has too many. Decisions only: nothing here asks or changes anything. */
import type { LeaseRow, ProjectRow, WorkerRow } from '../../registry/index.ts';
import { leaseOf } from './fleet.ts';
import { isLive } from './membership.ts';

/** What a host knows when it decides. */
export interface Sight {
  readonly now: number;
  readonly holder: string;
  readonly host: string;
  /** Hosts that live, this one included. */
  readonly members: number;
  readonly wanted: readonly ProjectRow[];
  /** Leases of projects, of all hosts. */
  readonly leases: ReadonlyMap<string, LeaseRow>;
  readonly newest: ReadonlyMap<string, WorkerRow>;
}

/** Projects with a slot that nobody has and that this host has none of; those that it ran before come first. */
export function freeProjects({ wanted, leases, newest, now, holder, host }: Sight): ProjectRow[] {
  const free = wanted.filter((project) => {
    const slots = slotsOf(project, leases, now);
    return slots.some((row) => row === null) && !slots.some((row) => row?.holder === holder);
  });
  const isOurs = ({ id }: ProjectRow): boolean => newest.get(id)?.host === host;
  return [...free.filter(isOurs), ...free.filter((project) => !isOurs(project))];
}

/** Workers that each host has when they are shared out evenly. */
export function fairShare({ wanted, members }: Pick<Sight, 'wanted' | 'members'>): number {
  const slots = wanted.reduce((sum, { workerSlots }) => sum + workerSlots, 0);
  return Math.ceil(slots / Math.max(1, members));
}

/**
 * True when this host has more than its part by over 20 %, and one less here would not be one too many elsewhere: the host with
 * the least has two less.
 */
export function hasTooMany({ leases, now, holder, members }: Omit<Sight, 'wanted' | 'newest'>): boolean {
  const counts = new Map<string, number>();
  for (const row of leases.values()) {
    if (isLive(row, now) && row.holder !== null) counts.set(row.holder, (counts.get(row.holder) ?? 0) + 1);
  }
  const all = [...counts.values()];
  const own = counts.get(holder) ?? 0;
  const average = all.reduce((sum, count) => sum + count, 0) / Math.max(1, members);
  const least = all.length < members ? 0 : Math.min(...all);
  return own > average * OVER && own - least >= 2;
}

/** Epoch milliseconds at which the next lease of another host ends; null: there is none. */
export function nextExpiry({ leases, now, holder }: Pick<Sight, 'leases' | 'now' | 'holder'>): number | null {
  const ends = [...leases.values()]
    .filter((row) => row.holder !== holder && isLive(row, now))
    .map(({ expiresAt }) => Date.parse(expiresAt ?? ''));
  return ends.length === 0 ? null : Math.min(...ends);
}

const OVER = 1.2;

/** The lease of each slot; null where nobody has it. */
function slotsOf({ id, workerSlots }: ProjectRow, leases: Sight['leases'], now: number): (LeaseRow | null)[] {
  return Array.from({ length: workerSlots }, (_, slot) => {
    const row = leases.get(leaseOf(id, slot));
    return row && isLive(row, now) ? row : null;
  });
}
