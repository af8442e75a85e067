import type { SupabaseClient } from '@supabase/supabase-js';
import { everyRow } from './every.ts';
import type { LeaseRow, ProjectStore } from './project.ts';
import { Reader, type Row } from './row.ts';
import { same } from './same.ts';
import { settle } from './settle.ts';

const TABLE = 'leases';
/** The row that is no lease: what the database writes for `now` into it is its time. */
const CLOCK = 'clock';

type Leases = Pick<ProjectStore, 'acquireLease' | 'renewLease' | 'releaseLease' | 'listLeases' | 'databaseTime'>;

/** The table `leases`: one insert or one conditional update decides who wins, whatever others do at the same time. */
export function leaseTable(client: SupabaseClient): Leases {
  const ours = (change: Row, resource: string, holder: string, fence: number) =>
    client
      .from(TABLE)
      .update(change)
      .filter('resource', 'in', same(resource))
      .filter('holder', 'in', same(holder))
      .eq('fence', fence);

  return {
    async acquireLease({ resource, holder, host, now, expiresAt }) {
      const held = { holder, host, acquired_at: now, renewed_at: now, expires_at: expiresAt };
      const once = { onConflict: 'resource', ignoreDuplicates: true };
      const first = client
        .from(TABLE)
        .upsert({ resource, fence: 1, ...held }, once)
        .select('*');
      const [made] = settle(TABLE, await first) ?? [];
      if (made !== undefined) return readRow(made);

      const there = client.from(TABLE).select('*').filter('resource', 'in', same(resource)).limit(1);
      const [row] = settle(TABLE, await there) ?? [];
      if (row === undefined || !isFree(readRow(row), now)) return null;
      const fence = Number(row.fence);
      // The holder may have renewed it since it was read, which leaves the fence.
      const taken = client
        .from(TABLE)
        .update({ ...held, fence: fence + 1 })
        .filter('resource', 'in', same(resource))
        .eq('fence', fence)
        .or(`holder.is.null,expires_at.is.null,expires_at.lte.${new Date(now).toISOString()}`);
      const [won] = settle(TABLE, await taken.select('*')) ?? [];
      return won === undefined ? null : readRow(won);
    },

    async renewLease({ resource, holder, fence, now, expiresAt }) {
      const renewed = ours({ renewed_at: now, expires_at: expiresAt }, resource, holder, fence).select('resource');
      return (settle(TABLE, await renewed) ?? []).length > 0;
    },

    async releaseLease({ resource, holder, fence, now }) {
      settle(TABLE, await ours({ holder: null, expires_at: now }, resource, holder, fence));
    },

    async listLeases(prefix) {
      const rows = await everyRow(TABLE, (from, to) =>
        client.from(TABLE).select('*').neq('resource', CLOCK).order('resource').range(from, to),
      );
      return rows.map(readRow).filter(({ resource }) => resource.startsWith(prefix));
    },

    // PostgreSQL reads the text `now` as the time of the transaction, to the microsecond; SQLite keeps the word.
    async databaseTime() {
      const asked = await client
        .from(TABLE)
        .upsert({ resource: CLOCK, fence: 0, renewed_at: 'now' })
        .select('renewed_at');
      const time = Date.parse(String(asked.data?.[0]?.renewed_at));
      return Number.isNaN(time) ? null : time;
    },
  };
}

function isFree({ holder, expiresAt }: LeaseRow, now: string): boolean {
  return holder === null || expiresAt === null || Date.parse(expiresAt) <= Date.parse(now);
}

function readRow(row: Row): LeaseRow {
  const read = new Reader(TABLE, row);
  return {
    resource: read.text('resource'),
    holder: read.maybe('holder'),
    host: read.maybe('host'),
    fence: Number(row.fence),
    renewedAt: read.maybeTime('renewed_at'),
    expiresAt: read.maybeTime('expires_at'),
  };
}
