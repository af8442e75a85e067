import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { SupabaseClient } from '@supabase/supabase-js';
import { MANIFEST, type PluginFiles, pluginDigest } from '../plugins/content.ts';
import type { PluginManifest } from '../plugins/manifest.ts';
import { StoreError } from './error.ts';
import { settle } from './settle.ts';

/** Who did something, and when (ISO 8601). */
export interface Deed {
  readonly at: string;
  readonly by: string;
}

/** One version of a plugin without its files. */
export interface PluginVersion {
  /** Tenant whose plugin it is; null: everybody's. */
  readonly owner: string | null;
  readonly digest: string;
  readonly manifest: PluginManifest;
  /** The manifest among them. */
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
  readonly published: Deed;
  readonly deprecated: (Deed & { readonly message: string }) | null;
}

/** Names one version. */
export interface PluginKey {
  readonly owner: string | null;
  readonly name: string;
  readonly version: string;
}

/** Where a channel of a plugin leads, for one tenant or, with null, for everybody. */
export interface PluginChannel extends PluginKey {
  readonly tenant: string | null;
  readonly channel: string;
  readonly moved: Deed;
}

/** Which plugins: of one name or of all, of one owner or several; absent: of every owner. */
export interface PluginQuery {
  readonly name?: string;
  readonly owners?: readonly (string | null)[];
}

/** Keeps plugins. Calls may overlap, also from several hosts. Every method throws `STORE_UNAVAILABLE`. */
export interface PluginStore {
  /** Adds a version with its files, all at once. False when the version was there before, whatever it holds. */
  addPlugin(version: Omit<PluginVersion, 'deprecated'>, files: PluginFiles): Promise<boolean>;
  /** In no order. */
  listPlugins(query: PluginQuery): Promise<readonly PluginVersion[]>;
  /** Files of a version, the manifest among them; null when there is none. Throws `CODE_CORRUPT`. */
  getPluginFiles(key: PluginKey, digest: string): Promise<PluginFiles | null>;
  /** Deprecates a version, or takes that back with null. False when there is no such version. */
  deprecatePlugin(key: PluginKey, deprecated: PluginVersion['deprecated']): Promise<boolean>;
  /** In no order. */
  listPluginChannels(query: PluginQuery): Promise<readonly PluginChannel[]>;
  movePluginChannel(channel: PluginChannel): Promise<void>;
  /** False when it was not moved. */
  dropPluginChannel(channel: Omit<PluginChannel, 'version' | 'moved'>): Promise<boolean>;
}

const VERSIONS = 'plugin_versions';
const CHANNELS = 'plugin_channels';
/** Rows of one answer: a Supabase gives no more than a thousand, whatever is asked for. */
const PAGE = 500;
/** A tenant's id stands behind a word: @supabase/lite compares a text that looks like a number as a number. */
const EVERYBODY = 'host:all';
/** A body that inflates beyond this is none of ours. */
const BODY_BYTES = 32 * 2 ** 20;

const zip = promisify(gzip);
const unzip = promisify(gunzip);

/** The tables `plugin_versions` and `plugin_channels`. */
export function pluginTables(client: SupabaseClient): PluginStore {
  return {
    async addPlugin({ owner, digest, manifest, files: listed, published }, files) {
      if (pluginDigest(files) !== digest)
        throw new StoreError('DIGEST_MISMATCH', `plugin ${digest}: found other files`);
      const { name, version } = manifest;
      const row = {
        id: idOf({ owner, name, version }),
        owner: column(owner),
        name,
        version,
        digest,
        manifest,
        about: { owner, files: listed, published },
        deprecated: null,
        // Base64, as the bodies of `code_versions`.
        body: (await zip(JSON.stringify([...files]))).toString('base64'),
      };
      const once = { onConflict: 'id', ignoreDuplicates: true };
      return (settle(VERSIONS, await client.from(VERSIONS).upsert(row, once).select('id')) ?? []).length > 0;
    },

    async listPlugins(query) {
      const rows = await all(query, (page) =>
        page(client.from(VERSIONS).select('id,digest,manifest,about,deprecated')),
      );
      return rows.map(readVersion);
    },

    async getPluginFiles(key, digest) {
      const found = await client.from(VERSIONS).select('body').eq('id', idOf(key)).eq('digest', digest).limit(1);
      const [row] = settle(VERSIONS, found) ?? [];
      return row === undefined ? null : readFiles(row.body, digest);
    },

    async deprecatePlugin(key, deprecated) {
      const changed = await client.from(VERSIONS).update({ deprecated }).eq('id', idOf(key)).select('id');
      return (settle(VERSIONS, changed) ?? []).length > 0;
    },

    async listPluginChannels(query) {
      const rows = await all(query, (page) => page(client.from(CHANNELS).select('id,name,channel,version,moved')));
      return rows.map(readChannel);
    },

    async movePluginChannel({ tenant, owner, name, channel, version, moved }) {
      const id = channelId({ tenant, owner, name, channel });
      const row = { id, tenant: column(tenant), owner: column(owner), name, channel, version };
      const told = { ...moved, tenant, owner };
      settle(CHANNELS, await client.from(CHANNELS).upsert({ ...row, moved: told }));
    },

    async dropPluginChannel(channel) {
      const gone = await client.from(CHANNELS).delete().eq('id', channelId(channel)).select('id');
      return (settle(CHANNELS, gone) ?? []).length > 0;
    },
  };
}

type Row = Readonly<Record<string, unknown>>;
type Select = ReturnType<ReturnType<SupabaseClient['from']>['select']>;

/** Every row of a query, page by page. */
async function all(
  { name, owners }: PluginQuery,
  ask: (page: (select: Select) => Select) => Select,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (let last = PAGE; last === PAGE; ) {
    const from = rows.length;
    const answer = await ask((select) => {
      const named = name === undefined ? select : select.eq('name', name);
      const owned = owners === undefined ? named : named.in('owner', owners.map(column));
      return owned.order('id').range(from, from + PAGE - 1);
    });
    const page = (settle(VERSIONS, answer) ?? []) as readonly Row[];
    rows.push(...page);
    last = page.length;
  }
  return rows;
}

function column(owner: string | null): string {
  return owner === null ? EVERYBODY : `tenant:${owner}`;
}

function idOf({ owner, name, version }: PluginKey): string {
  return `${column(owner)}/${name}@${version}`;
}

function channelId({ tenant, owner, name, channel }: Omit<PluginChannel, 'version' | 'moved'>): string {
  return `${column(tenant)}/${column(owner)}/${name}@${channel}`;
}

// Ids of tenants and texts come out of JSON columns: @supabase/lite reads a text that looks like JSON as JSON.
function readVersion(row: Row): PluginVersion {
  const { digest, manifest, about, deprecated } = row;
  if (typeof digest !== 'string' || !isRecord(manifest) || !isRecord(about)) throw broken(VERSIONS, row);
  return {
    ...(about as unknown as Pick<PluginVersion, 'owner' | 'files' | 'published'>),
    digest,
    manifest: manifest as unknown as PluginManifest,
    deprecated: isRecord(deprecated) ? (deprecated as unknown as PluginVersion['deprecated']) : null,
  };
}

function readChannel(row: Row): PluginChannel {
  const { name, channel, version, moved } = row;
  if (![name, channel, version].every((text) => typeof text === 'string') || !isRecord(moved))
    throw broken(CHANNELS, row);
  const { tenant, owner, at, by } = moved as unknown as Deed & Pick<PluginChannel, 'tenant' | 'owner'>;
  return { tenant, owner, name: String(name), channel: String(channel), version: String(version), moved: { at, by } };
}

async function readFiles(body: unknown, digest: string): Promise<PluginFiles> {
  const bytes = await unzip(Buffer.from(String(body), 'base64'), { maxOutputLength: BODY_BYTES }).catch(() => null);
  const files = bytes && new Map(JSON.parse(bytes.toString('utf8')) as [string, string][]);
  if (files?.has(MANIFEST) && pluginDigest(files) === digest) return files;
  throw new StoreError('CODE_CORRUPT', `plugin ${digest}: its content has another digest`);
}

function isRecord(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function broken(table: string, { id }: Row): StoreError {
  return new StoreError('STORE_UNAVAILABLE', `table ${table}: row ${String(id)} cannot be read`);
}
