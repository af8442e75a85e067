import type { SupabaseClient } from '@supabase/supabase-js';
import { StoreError } from './error.ts';
import { type CellKill, type Quarantine, type QuarantineStore, quarantineId } from './quarantine.ts';
import { same } from './same.ts';
import { settle } from './settle.ts';

type Row = Readonly<Record<string, unknown>>;

/** The tables `cell_kills` and `quarantines`. Nothing is counted in the database: adding and reading is all it takes. */
export function quarantineTables(client: SupabaseClient): QuarantineStore {
  return {
    async latestQuarantine(tenant, version) {
      const found = client.from('quarantines').select('*').eq('version', version);
      const own = tenant === null ? found.is('tenant', null) : found.filter('tenant', 'in', same(tenant));
      const rows = rowsOf(await own.order('epoch', { ascending: false }).limit(1));
      return rows[0] === undefined ? null : readRow(rows[0]);
    },

    async addKill(kill, epoch) {
      const row = {
        ...killColumns(kill),
        id: kill.id,
        time: kill.time,
        tenant: kill.tenant,
        version: kill.version,
        epoch,
      };
      settle('cell_kills', await client.from('cell_kills').upsert(row, ONCE));
    },

    async countKills({ tenant, version, epoch, since, atMost }) {
      const found = client.from('cell_kills').select('id').eq('version', version).eq('epoch', epoch).gte('time', since);
      const own = tenant === null ? found.is('tenant', null) : found.filter('tenant', 'in', same(tenant));
      return (settle('cell_kills', await own.limit(atMost)) ?? []).length;
    },

    async addQuarantine({ last, ...quarantine }) {
      const row = { id: quarantineId(quarantine), ...quarantine, ...killColumns(last) };
      const rows = rowsOf(await client.from('quarantines').upsert(row, ONCE).select('*'));
      return rows[0] === undefined ? null : readRow(rows[0]);
    },

    async listQuarantines({ standing, tenant, atMost }) {
      const all = client.from('quarantines').select('*');
      const found = standing ? all.is('released_at', null) : all.not('released_at', 'is', null);
      const own = tenant === undefined ? found : found.filter('tenant', 'in', same(tenant));
      return rowsOf(await own.order('since', { ascending: false }).limit(atMost)).map(readRow);
    },

    async releaseQuarantine(id, { at, by }) {
      const change = { released_at: at, released_by: by };
      const standing = client.from('quarantines').update(change).eq('id', id).is('released_at', null);
      const [changed] = rowsOf(await standing.select('*'));
      if (changed !== undefined) return { quarantine: readRow(changed), released: true };
      const [found] = rowsOf(await client.from('quarantines').select('*').eq('id', id).limit(1));
      return found === undefined ? null : { quarantine: readRow(found), released: false };
    },
  };
}

const ONCE = { onConflict: 'id', ignoreDuplicates: true };

function rowsOf(answer: { data: Row[] | null; error: { code?: string } | null }): readonly Row[] {
  return settle('quarantines', answer) ?? [];
}

function killColumns({
  runId,
  workflow,
  activity,
  digest,
  code,
}: Omit<CellKill, 'id' | 'time' | 'tenant' | 'version'>) {
  return { run_id: runId, workflow, activity, digest, code };
}

function readRow(row: Row): Quarantine {
  const text = (name: string): string => {
    const value = row[name];
    if (typeof value === 'string') return value;
    throw new StoreError('STORE_UNAVAILABLE', `table quarantines: column ${name} holds no text`);
  };
  const maybe = (name: string): string | null => (row[name] === null ? null : text(name));
  // PostgreSQL writes its times in a form of its own.
  const time = (name: string): string => new Date(text(name)).toISOString();
  return {
    id: text('id'),
    tenant: maybe('tenant'),
    version: text('version'),
    epoch: Number(row.epoch),
    since: time('since'),
    kills: Number(row.kills),
    last: {
      runId: text('run_id'),
      workflow: text('workflow'),
      activity: text('activity'),
      digest: text('digest'),
      code: text('code'),
    },
    releasedAt: row.released_at === null ? null : time('released_at'),
    releasedBy: maybe('released_by'),
  };
}
