import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { SupabaseClient } from '@supabase/supabase-js';
import { type AuditArchive, auditTable } from './audit.ts';
import { type ChoreStore, choreTable } from './chores.ts';
import { type CodeStore, checkDigest, checkOffer, checkStored } from './code.ts';
import { type DeliveryStore, deliveryTable } from './deliveries.ts';
import { StoreError } from './error.ts';
import { type IdempotencyStore, idempotencyTable } from './idempotency.ts';
import { type ApiKeyStore, keyTable } from './keys.ts';
import { type LineStore, lineTable } from './lines.ts';
import { type PluginStore, pluginTables } from './plugins.ts';
import type { ProjectStore } from './project.ts';
import { projectTables } from './projects.ts';
import type { QuarantineStore } from './quarantine.ts';
import { quarantineTables } from './quarantines.ts';
import { createSealer } from './secrets.ts';
import { settle } from './settle.ts';
import { type TenantStore, tenantTable } from './tenants.ts';

/** The registry's tables. Every method throws `STORE_UNAVAILABLE` when the database fails. */
export interface Store
  extends CodeStore,
    AuditArchive,
    ChoreStore,
    PluginStore,
    ProjectStore,
    QuarantineStore,
    IdempotencyStore,
    LineStore,
    TenantStore,
    ApiKeyStore,
    DeliveryStore {
  /** Resolves when the database answers. */
  ping(): Promise<void>;
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

/** Opens the registry's tables through supabase-js. Holds no connection and no cache: nothing to close. */
export function createStore({ client, secretKey }: StoreOptions): Store {
  const sealer = secretKey === undefined ? null : createSealer(secretKey);
  return {
    ping: async () => void settle('tenants', await client.from('tenants').select('id').limit(1)),
    ...codeTable(client),
    ...tenantTable(client, sealer),
    ...auditTable(client),
    ...choreTable(client),
    ...keyTable(client),
    ...pluginTables(client),
    ...projectTables(client),
    ...quarantineTables(client),
    ...idempotencyTable(client),
    ...lineTable(client),
    ...deliveryTable(client),
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

    async removeCode(unusedSince) {
      const doomed = client.from('code_versions').delete().lt('last_used_at', unusedSince);
      return settle('code_versions', await doomed.select('digest'))?.length ?? 0;
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
