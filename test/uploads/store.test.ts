// timeout: 90
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createClient, type SupabaseClient } from '@supabase/supabase-js';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type EmbeddedSupabase, startSupabase } from '../../host/embedded/supabase.ts';
import {
  type PluginFiles,
  type PluginManifest,
  type PluginStore,
  type PluginVersion,
  pluginDigest,
  StoreError,
} from '../../registry/index.ts';
import { createStore } from '../../registry/store/index.ts';
import { openProject } from '../db/project.ts';
import { serveRest } from '../db/rest.ts';
import { MANIFEST, pluginFiles } from './archives.ts';

const test = suite<{
  dir: string;
  db: EmbeddedSupabase;
  postgres: AsyncDisposableStack;
  stores: [name: string, store: PluginStore, client: SupabaseClient][];
}>('store of plugins');

test.before(async (context) => {
  context.postgres = new AsyncDisposableStack();
  context.dir = await mkdtemp(path.join(tmpdir(), 'cloister-plugins-'));
  context.db = await startSupabase({ dbFile: path.join(context.dir, 'db.sqlite') });
  const client = createClient(context.db.url, context.db.serviceRoleKey, { auth: { persistSession: false } });
  context.stores = [['embedded', createStore({ client }), client]];
  const project = await openProject();
  // Where no PostgreSQL can be started, the embedded one has to do.
  if (typeof project === 'string') return;
  context.postgres.use(project);
  const rest = context.postgres.use(await serveRest(project.server));
  const host = createClient(rest.options.url, rest.serviceRoleKey, { auth: { persistSession: false } });
  context.stores.push(['PostgreSQL', createStore({ client: host }), host]);
});

test.after(async ({ db, dir, postgres }) => {
  await postgres.disposeAsync();
  await db.close();
  await rm(dir, { recursive: true, force: true });
});

const deed = { at: '2026-01-02T03:04:05.678Z', by: 'someone' };

function made(owner: string | null, version = '1.0.0', more: Record<string, string> = {}) {
  const files: PluginFiles = new Map(Object.entries(pluginFiles({ version }, more)).sort());
  const manifest: PluginManifest = {
    ...MANIFEST,
    version,
    scripts: { price: 'price.ts' },
    declaration: {
      capabilities: ['log'],
      http: { allow: [] },
      db: { tables: [], functions: [] },
      env: [],
      secrets: [],
      limits: {},
      deterministic: false,
    },
  };
  const listed = [...files].map(([name, text]) => ({ path: name, bytes: text.length }));
  const about = { owner, digest: pluginDigest(files), manifest, files: listed, published: deed };
  return { about, files, key: { owner, name: MANIFEST.name, version } };
}

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'no error',
    (error: unknown) => (error instanceof StoreError ? error.code : String(error)),
  );
const versionsOf = (found: readonly PluginVersion[]) =>
  found.map(({ owner, manifest }) => `${owner} ${manifest.version}`).sort();

test('a version comes back as it was published, byte for byte, whoever owns it', async ({ stores }) => {
  for (const [name, store] of stores) {
    for (const owner of [null, '123', 'org-1', 'true']) {
      const { about, files, key } = made(owner, '1.0.0', { 'data.json': '{"text":"\\u0000 ü 😀"}' });
      assert.is(await store.addPlugin(about, files), true, name);
      assert.equal(await store.getPluginFiles(key, about.digest), files, name);
      assert.equal(await store.listPlugins({ name: MANIFEST.name, owners: [owner] }), [{ ...about, deprecated: null }]);
    }
    assert.equal(versionsOf(await store.listPlugins({ owners: [null, '123'] })), ['123 1.0.0', 'null 1.0.0'], name);
    assert.equal(versionsOf(await store.listPlugins({ name: '@acme/other' })), [], name);
  }
});

test('UPL-07 a version that is there is never replaced, also when both come at once', async ({ stores }) => {
  for (const [name, store] of stores) {
    const one = made('org-7', '1.0.0');
    const other = made('org-7', '1.0.0', { 'a.ts': 'other' });
    const added = await Promise.all([one, other].map(({ about, files }) => store.addPlugin(about, files)));
    assert.equal(added.toSorted(), [false, true], name);
    const [kept] = await store.listPlugins({ owners: ['org-7'] });
    assert.is(kept?.digest, (added[0] ? one : other).about.digest, name);
  }
});

test('files are stored under their own digest only, and are not handed out when they were changed', async ({
  stores,
}) => {
  for (const [name, store, client] of stores) {
    const { about, files, key } = made('org-8');
    assert.is(await codeOf(store.addPlugin({ ...about, digest: 'f'.repeat(64) }, files)), 'DIGEST_MISMATCH', name);
    assert.equal(await store.listPlugins({ owners: ['org-8'] }), [], name);
    await store.addPlugin(about, files);
    await client.from('plugin_versions').update({ body: 'H4sI' }).eq('owner', 'tenant:org-8');
    assert.is(await codeOf(store.getPluginFiles(key, about.digest)), 'CODE_CORRUPT', name);
    assert.is(await store.getPluginFiles({ ...key, version: '9.9.9' }, about.digest), null, name);
  }
});

test('a version is deprecated and that is taken back; one that is not there cannot be', async ({ stores }) => {
  for (const [name, store] of stores) {
    const { about, files, key } = made('org-9');
    await store.addPlugin(about, files);
    const deprecated = { message: '{"a": 1}', ...deed };
    for (const state of [deprecated, null]) {
      assert.is(await store.deprecatePlugin(key, state), true, name);
      assert.equal((await store.listPlugins({ owners: ['org-9'] }))[0]?.deprecated, state, name);
    }
    assert.is(await store.deprecatePlugin({ ...key, version: '9.9.9' }, deprecated), false, name);
  }
});

test('a channel leads where it was moved last, for each tenant by itself, until it is let go', async ({ stores }) => {
  for (const [name, store] of stores) {
    const channel = { owner: null, name: '@acme/moved', channel: 'latest', moved: deed };
    await store.movePluginChannel({ ...channel, tenant: null, version: '1.0.0' });
    await store.movePluginChannel({ ...channel, tenant: '42', version: '1.0.0' });
    await store.movePluginChannel({ ...channel, tenant: '42', version: '1.1.0' });
    const query = { name: channel.name, owners: [null] };
    const found = await store.listPluginChannels(query);
    assert.equal(
      found.map(({ tenant, version }) => [tenant, version]).sort(),
      [
        [null, '1.0.0'],
        ['42', '1.1.0'],
      ].sort(),
    );
    assert.is(await store.dropPluginChannel({ ...channel, tenant: '42' }), true, name);
    assert.is(await store.dropPluginChannel({ ...channel, tenant: '42' }), false, name);
    assert.equal(
      (await store.listPluginChannels(query)).map(({ tenant }) => tenant),
      [null],
      name,
    );
  }
});

test('a list is whole, however long', async ({ stores }) => {
  for (const [name, store, client] of stores) {
    const { about } = made('org-long');
    const rows = Array.from({ length: 1_200 }, (_, n) => ({
      id: `tenant:org-long/x@${n}`,
      owner: 'tenant:org-long',
      name: '@acme/long',
      version: `1.0.${n}`,
      digest: about.digest,
      manifest: { ...about.manifest, version: `1.0.${n}` },
      about: { owner: 'org-long', files: [], published: deed },
      deprecated: null,
      body: 'x',
    }));
    for (let from = 0; from < rows.length; from += 100)
      await client.from('plugin_versions').insert(rows.slice(from, from + 100));
    assert.is((await store.listPlugins({ owners: ['org-long'] })).length, 1_200, name);
  }
});

test('no key but the service role sees a row', async ({ stores, db }) => {
  const anyone = createClient(db.url, db.anonKey, { auth: { persistSession: false } });
  assert.ok(stores.length > 0);
  for (const table of ['plugin_versions', 'plugin_channels']) {
    const { data } = await anyone.from(table).select('*');
    assert.equal(data ?? [], []);
  }
});

test.run();
