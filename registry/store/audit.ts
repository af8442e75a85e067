import { randomUUID } from 'node:crypto';
import type { SupabaseClient } from '@supabase/supabase-js';
import { type Page, pageAfter } from './page.ts';
import { Reader, type Row } from './row.ts';
import { same } from './same.ts';
import { settle } from './settle.ts';

/**
 * One event of the audit: who and which code, never what was asked for. What is about no run has '' where a run would be
 * named.
 */
export interface AuditEvent {
  /** UUID; an event that is written twice is kept once. Absent: one is made. */
  readonly id?: string;
  /** Absent: `denied`. */
  readonly kind?: AuditKind;
  /** ISO 8601. */
  readonly time: string;
  readonly tenant: string | null;
  readonly runId: string;
  readonly workflow: string;
  readonly activity: string;
  readonly digest: string;
  /** E.g. `CAPABILITY_REFUSED`; of a write `OK`, or the code of its error. */
  readonly code: string;
  /** E.g. `http.fetch`; of a write its operation, as `create-key`. */
  readonly method: string;
  /** Who did it, where a person or a program with a key did. */
  readonly actor?: string;
  /** How that one was known: `key`, `jwt`, `token`, `loopback`. */
  readonly actorKind?: string;
  /** What a write was about, by name: parts of the path, the id that was made. */
  readonly target?: Readonly<Record<string, string>>;
  /** The `requestId` of the answer, where it had one. */
  readonly requestId?: string;
}

/**
 * What happened: a call or an activity was refused, code was put into quarantine, or let out of it; a caller of the API changed
 * something, or tried to.
 */
export type AuditKind = (typeof AUDIT_KINDS)[number];

/** Every kind. */
export const AUDIT_KINDS = ['denied', 'quarantined', 'released', 'write'] as const;

/** An event as it is kept. */
export type AuditRecord = Required<Omit<AuditEvent, 'actor' | 'actorKind' | 'target' | 'requestId'>> & {
  readonly [Name in 'actor' | 'actorKind' | 'requestId']: string | null;
} & { readonly target: Readonly<Record<string, string>> | null };

/** Takes audit events. Throws `STORE_UNAVAILABLE`; some of the events may then have been written. */
export interface AuditStore {
  addAudit(events: readonly AuditEvent[]): Promise<void>;
}

/** Which events to list, newest first. Absent: all. */
export interface AuditQuery {
  readonly tenant?: string;
  readonly kind?: AuditKind;
  readonly actor?: string;
  /** ISO 8601, the first time that counts. */
  readonly from?: string;
  /** ISO 8601, the first time that does not. */
  readonly to?: string;
  /** The last event of the page before. */
  readonly after?: Page;
  readonly atMost: number;
}

/** The audit as people read and operators shorten it. Throws `STORE_UNAVAILABLE`. */
export interface AuditArchive extends AuditStore {
  listAudit(query: AuditQuery): Promise<readonly AuditRecord[]>;
  /**
   * Removes audit events and kills of cells of before a time (ISO 8601). A kill that still counts towards a quarantine is
   * removed as any other: keep it longer than that window. May be called by several hosts at once.
   */
  pruneAudit(before: string): Promise<void>;
}

/** Rows of one insert: SQLite bounds the parameters of a statement. */
const ROWS = 500;
/** Rows of one delete, so that none takes longer than the database lets a statement take. */
const PRUNED = 2000;
const TABLE = 'audit_events';

/** The table `audit_events`, and the removal of old rows of `cell_kills`. */
export function auditTable(client: SupabaseClient): AuditArchive {
  return {
    async addAudit(events) {
      const rows = events.map(columnsOf);
      for (let from = 0; from < rows.length; from += ROWS) {
        const batch = rows.slice(from, from + ROWS);
        const once = { onConflict: 'id', ignoreDuplicates: true };
        settle(TABLE, await client.from(TABLE).upsert(batch, once));
      }
    },

    async listAudit({ tenant, kind, actor, from, to, after, atMost }) {
      let found = client.from(TABLE).select('*');
      if (tenant !== undefined) found = found.filter('tenant', 'in', same(tenant));
      if (kind !== undefined) found = found.eq('kind', kind);
      if (actor !== undefined) found = found.filter('actor', 'in', same(actor));
      if (from !== undefined) found = found.gte('time', from);
      if (to !== undefined) found = found.lt('time', to);
      if (after !== undefined) found = found.or(pageAfter('time', after));
      const sorted = found.order('time', { ascending: false }).order('id', { ascending: false });
      return (settle(TABLE, await sorted.limit(atMost)) ?? []).map(readRow);
    },

    async pruneAudit(before) {
      for (const table of [TABLE, 'cell_kills']) {
        while (await pruneSome(client, table, before));
      }
    },
  };
}

/** Removes the oldest rows, up to a number and those of the same moment; false when none is left. */
async function pruneSome(client: SupabaseClient, table: string, before: string): Promise<boolean> {
  const old = client
    .from(table)
    .select('time')
    .lt('time', before)
    .order('time')
    .range(PRUNED - 1, PRUNED - 1);
  const last: unknown = settle(table, await old)?.[0]?.time;
  const doomed = client.from(table).delete().lt('time', before);
  settle(table, await (typeof last === 'string' ? doomed.lte('time', last) : doomed));
  return typeof last === 'string';
}

/** Every row has the same columns: the client would fill up missing ones with null. */
function columnsOf(event: AuditEvent): Row {
  const { id = randomUUID(), kind = 'denied', actor = null, runId, actorKind, requestId, target, ...rest } = event;
  return {
    ...rest,
    id,
    kind,
    actor,
    run_id: runId,
    actor_kind: actorKind ?? null,
    request_id: requestId ?? null,
    // A word before it: lite reads a text that looks like JSON as JSON.
    target: target === undefined ? null : `about ${JSON.stringify(target)}`,
  };
}

function readRow(row: Row): AuditRecord {
  const read = new Reader(TABLE, row);
  const target = read.maybe('target');
  return {
    id: read.text('id'),
    kind: read.text('kind') as AuditKind,
    time: read.time('time'),
    tenant: read.maybe('tenant'),
    runId: read.text('run_id'),
    workflow: read.text('workflow'),
    activity: read.text('activity'),
    digest: read.text('digest'),
    code: read.text('code'),
    method: read.text('method'),
    actor: read.maybe('actor'),
    actorKind: read.maybe('actor_kind'),
    requestId: read.maybe('request_id'),
    target: target === null ? null : (JSON.parse(target.replace(/^about /, '')) as Record<string, string>),
  };
}
