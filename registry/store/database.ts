import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { SupabaseClient } from '@supabase/supabase-js';
import { type CodeStore, checkDigest, checkOffer, checkStored } from './code.ts';
import { StoreError } from './error.ts';
import type { QuarantineStore } from './quarantine.ts';
import { quarantineTables } from './quarantines.ts';
import { createSealer, type Sealer } from './secrets.ts';
import { settle } from './settle.ts';
import { mapValues, parseSettings, type Tenant } from './tenant.ts';

/** One event of the audit: who and which code, never what was asked for. */
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
  /** E.g. `CAPABILITY_REFUSED`. */
  readonly code: string;
  /** E.g. `http.fetch`. */
  readonly method: string;
  /** Who did it, where a person did. */
  readonly actor?: string;
}

/** What happened: a call or an activity was refused, code was put into quarantine, or let out of it. */
export type AuditKind = 'denied' | 'quarantined' | 'released';

/** Takes audit events. Throws `STORE_UNAVAILABLE`; some of the events may then have been written. */
export interface AuditStore {
  addAudit(events: readonly AuditEvent[]): Promise<void>;
}

/** The registry's tables. Every method throws `STORE_UNAVAILABLE` when the database fails. */
export interface Store extends CodeStore, AuditStore, QuarantineStore {
  /** Null when there is no such tenant. Secrets come decrypted. Throws `TENANT_INVALID`, `SECRET_UNREADABLE`. */
  getTenant(id: string): Promise<Tenant | null>;
  /** Writes the whole row; values of secrets are encrypted. */
  upsertTenant(tenant: Tenant): Promise<void>;
}

/** What `createStore` needs. */
export interface StoreOptions {
  /** supabase-js with the service role's key, of the host's own making. */
  readonly client: SupabaseClient;
  /** 32 bytes. Absent: tenants with values of secrets can be neither written nor read. */
  readonly secretKey?: Uint8Array;
}

const zip = promisify(gzip);
const unzip = promisify(gunzip);
/** A body that inflates beyond this is none of ours. */
const BODY_BYTES = 64 * 2 ** 20;
/** Rows of one insert: SQLite bounds the parameters of a statement. */
const AUDIT_ROWS = 500;

/** Opens the registry's tables through supabase-js. Holds no connection and no cache: nothing to close. */
export function createStore({ client, secretKey }: StoreOptions): Store {
  const sealer = secretKey === undefined ? null : createSealer(secretKey);
  return {
    ...codeTable(client),
    ...tenantTable(client, sealer),
    ...auditTable(client),
    ...quarantineTables(client),
  };
}

function codeTable(client: SupabaseClient): CodeStore {
  return {
    async putCode(digest, kind, body) {
      checkOffer(digest, kind, body);
      // Base64, for lite reads a text that looks like JSON as JSON, and PostgreSQL's jsonb takes no \u0000.
      const packed = (await zip(body)).toString('base64');
      const row = { digest, kind, body: packed, last_used_at: new Date().toISOString() };
      settle('code_versions', await client.from('code_versions').upsert(row));
    },

    async getCode(digest) {
      checkDigest(digest);
      const rows = settle(
        'code_versions',
        await client.from('code_versions').select('kind,body').eq('digest', digest).limit(1),
      );
      const row: unknown = rows?.[0];
      return row === undefined ? null : checkStored(digest, await unpack(row, digest));
    },

    async touchCode(digest) {
      checkDigest(digest);
      const row = { last_used_at: new Date().toISOString() };
      settle('code_versions', await client.from('code_versions').update(row).eq('digest', digest));
    },
  };
}

async function unpack(row: unknown, digest: string): Promise<{ kind: 'bundle' | 'plan'; body: string }> {
  const { kind, body } = row as { kind?: unknown; body?: unknown };
  if ((kind === 'bundle' || kind === 'plan') && typeof body === 'string') {
    const bytes = await unzip(Buffer.from(body, 'base64'), { maxOutputLength: BODY_BYTES }).catch(() => null);
    if (bytes !== null) return { kind, body: bytes.toString('utf8') };
  }
  throw new StoreError('CODE_CORRUPT', `${digest}: its row cannot be unpacked`);
}

function tenantTable(client: SupabaseClient, sealer: Sealer | null): Pick<Store, 'getTenant' | 'upsertTenant'> {
  return {
    async getTenant(id) {
      const rows = settle('tenants', await client.from('tenants').select('*').eq('id', id).limit(1));
      const row = rows?.[0];
      if (row === undefined) return null;
      const { name, organization_id: organizationId } = row;
      if (row.id !== id || typeof name !== 'string' || typeof organizationId !== 'string') {
        throw new StoreError('TENANT_INVALID', `tenant ${id}: expected a name and an organization_id`);
      }
      const tenant = { id, name, organizationId, settings: parseSettings(row.settings, id) };
      return withSecrets(tenant, (value, place) => need(sealer, place).open(value, place));
    },

    async upsertTenant(tenant) {
      const { id, name, organizationId, settings } = withSecrets(tenant, (value, place) =>
        need(sealer, place).seal(value, place),
      );
      settle('tenants', await client.from('tenants').upsert({ id, name, organization_id: organizationId, settings }));
    },
  };
}

function auditTable(client: SupabaseClient): AuditStore {
  return {
    async addAudit(events) {
      // Every row has the same columns: the client would fill up missing ones with null.
      const rows = events.map(({ id = randomUUID(), kind = 'denied', actor = null, runId, ...event }) => {
        return { ...event, id, kind, actor, run_id: runId };
      });
      for (let from = 0; from < rows.length; from += AUDIT_ROWS) {
        const batch = rows.slice(from, from + AUDIT_ROWS);
        const once = { onConflict: 'id', ignoreDuplicates: true };
        settle('audit_events', await client.from('audit_events').upsert(batch, once));
      }
    },
  };
}

/** The tenant and alias are sealed in with the value: copied to another row, it does not open. */
function withSecrets(tenant: Tenant, change: (value: string, place: string) => string): Tenant {
  const secrets = mapValues(tenant.settings.secrets, (secret, alias) =>
    secret.value === null ? secret : { ...secret, value: change(secret.value, `tenant ${tenant.id}: secret ${alias}`) },
  );
  return { ...tenant, settings: { ...tenant.settings, secrets } };
}

function need(sealer: Sealer | null, place: string): Sealer {
  if (sealer === null) throw new StoreError('SECRET_KEY_MISSING', `${place}: the store has no key for secrets`);
  return sealer;
}
