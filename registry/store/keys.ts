import type { SupabaseClient } from '@supabase/supabase-js';
import { type Page, pageAfter } from './page.ts';
import { Reader, type Row } from './row.ts';
import { same } from './same.ts';
import { settle } from './settle.ts';

/** A key of the API without what opens anything. Times are ISO 8601. */
export interface ApiKey {
  /** UUID. */
  readonly id: string;
  /** The part of the key's text by which it is found; no secret. */
  readonly prefix: string;
  readonly name: string;
  readonly role: string;
  /** Null: everything that the role may do. */
  readonly scopes: readonly string[] | null;
  /** The tenant that the key is bound to; null: a key of the host's own. */
  readonly tenant: string | null;
  readonly createdAt: string;
  readonly createdBy: string;
  /** Null: never. */
  readonly expiresAt: string | null;
  readonly revokedAt: string | null;
  /** Within a minute. */
  readonly lastUsedAt: string | null;
  /** Id of the key that took its place. */
  readonly replacedBy: string | null;
}

/** A key to be kept. `hash`: sha256 of its text, hex. */
export interface NewApiKey extends Omit<ApiKey, 'revokedAt' | 'lastUsedAt' | 'replacedBy'> {
  readonly hash: string;
}

/** What may change of a key. */
export interface ApiKeyChange {
  readonly expiresAt?: string | null;
  readonly revokedAt?: string;
  readonly replacedBy?: string;
}

/** Which keys to list, newest first. */
export interface ApiKeyQuery {
  /** Absent: of every tenant, and of the host. */
  readonly tenant?: string;
  /** The last key of the page before. */
  readonly after?: Page;
  readonly atMost: number;
}

/** Keeps keys. Calls may overlap, also from several hosts. Every method throws `STORE_UNAVAILABLE`. */
export interface ApiKeyStore {
  addApiKey(key: NewApiKey): Promise<void>;
  /** By the part of its text that is kept; null when there is none. */
  findApiKey(prefix: string): Promise<(ApiKey & { readonly hash: string }) | null>;
  getApiKey(id: string): Promise<ApiKey | null>;
  listApiKeys(query: ApiKeyQuery): Promise<readonly ApiKey[]>;
  /** Changes a key that is not revoked, and not replaced. Null when there is none such: of several calls one wins. */
  changeApiKey(id: string, change: ApiKeyChange): Promise<ApiKey | null>;
  /** Ends a key, replaced or not. What was revoked stays as it was. */
  revokeApiKey(id: string, at: string): Promise<void>;
  /** Ends every key that is bound to a tenant. */
  revokeApiKeysOf(tenant: string, at: string): Promise<void>;
  noteApiKeyUse(id: string, at: string): Promise<void>;
  /** Whether a key could be used at a time. */
  hasApiKeys(at: string): Promise<boolean>;
}

const TABLE = 'api_keys';

/** The table `api_keys`. */
export function keyTable(client: SupabaseClient): ApiKeyStore {
  const rows = () => client.from(TABLE);
  return {
    async addApiKey(key) {
      settle(TABLE, await rows().insert(columnsOf(key)));
    },

    async findApiKey(prefix) {
      const found = settle(TABLE, await rows().select('*').filter('prefix', 'in', same(prefix)).limit(1));
      const row: Row | undefined = found?.[0];
      return row === undefined ? null : { ...readKey(row), hash: new Reader(TABLE, row).text('hash') };
    },

    async getApiKey(id) {
      return first(settle(TABLE, await rows().select('*').eq('id', id).limit(1)));
    },

    async listApiKeys({ tenant, after, atMost }) {
      const all = rows().select('*');
      const own = tenant === undefined ? all : all.filter('tenant', 'in', same(tenant));
      const page = after === undefined ? own : own.or(pageAfter('created_at', after));
      const sorted = page.order('created_at', { ascending: false }).order('id', { ascending: false });
      return (settle(TABLE, await sorted.limit(atMost)) ?? []).map(readKey);
    },

    async changeApiKey(id, { expiresAt, revokedAt, replacedBy }) {
      const change = {
        ...(expiresAt !== undefined && { expires_at: expiresAt }),
        ...(revokedAt !== undefined && { revoked_at: revokedAt }),
        ...(replacedBy !== undefined && { replaced_by: replacedBy }),
      };
      const standing = rows().update(change).eq('id', id).is('revoked_at', null).is('replaced_by', null);
      return first(settle(TABLE, await standing.select('*')));
    },

    async revokeApiKey(id, at) {
      settle(TABLE, await rows().update({ revoked_at: at }).eq('id', id).is('revoked_at', null));
    },

    async revokeApiKeysOf(tenant, at) {
      settle(
        TABLE,
        await rows().update({ revoked_at: at }).filter('tenant', 'in', same(tenant)).is('revoked_at', null),
      );
    },

    async noteApiKeyUse(id, at) {
      settle(TABLE, await rows().update({ last_used_at: at }).eq('id', id));
    },

    async hasApiKeys(at) {
      const standing = rows().select('id').is('revoked_at', null);
      const [lasting, ending] = await Promise.all([
        standing.is('expires_at', null).limit(1),
        rows().select('id').is('revoked_at', null).gt('expires_at', at).limit(1),
      ]);
      return [lasting, ending].some((answer) => (settle(TABLE, answer) ?? []).length > 0);
    },
  };
}

function columnsOf({ createdAt, createdBy, expiresAt, scopes, ...key }: NewApiKey) {
  return {
    ...key,
    scopes: scopes === null ? null : scopes.join(' '),
    created_at: createdAt,
    created_by: createdBy,
    expires_at: expiresAt,
  };
}

function first(rows: readonly Row[] | null): ApiKey | null {
  const [row] = rows ?? [];
  return row === undefined ? null : readKey(row);
}

function readKey(row: Row): ApiKey {
  const read = new Reader(TABLE, row);
  const scopes = read.maybe('scopes');
  return {
    id: read.text('id'),
    prefix: read.text('prefix'),
    name: read.text('name'),
    role: read.text('role'),
    scopes: scopes === null ? null : scopes.split(' ').filter(Boolean),
    tenant: read.maybe('tenant'),
    createdAt: read.time('created_at'),
    createdBy: read.text('created_by'),
    expiresAt: read.maybeTime('expires_at'),
    revokedAt: read.maybeTime('revoked_at'),
    lastUsedAt: read.maybeTime('last_used_at'),
    replacedBy: read.maybe('replaced_by'),
  };
}
