import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createClient, type SupabaseClient } from '@supabase/supabase-js';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type EmbeddedSupabase, startSupabase } from '../../host/embedded/supabase.ts';
import { createStore, parseSettings, type Store, StoreError, type Tenant } from '../../registry/store/index.ts';

const canary = 'canary-of-the-secret';
const acme: Tenant = {
  id: 'acme',
  name: 'Acme',
  organizationId: 'org-acme',
  settings: {
    capabilities: ['db', 'http'],
    http: { allow: ['https://api.example.org'], privateRanges: ['10.0.0.0/8'] },
    db: { tables: ['notes'], functions: [] },
    env: ['REGION'],
    secrets: {
      key: { origin: 'https://api.example.org', header: 'x-key', value: canary, env: null },
      other: { origin: 'https://api.example.org', header: 'authorization', value: null, env: 'OTHER' },
    },
    limits: { cpuMs: 500 },
  },
};

const test = suite<{ dir: string; db: EmbeddedSupabase; client: SupabaseClient; store: Store }>('tenant');

test.before(async (context) => {
  context.dir = await mkdtemp(path.join(tmpdir(), 'cloister-tenant-'));
  context.db = await startSupabase({ dbFile: path.join(context.dir, 'db.sqlite') });
  context.client = createClient(context.db.url, context.db.serviceRoleKey, { auth: { persistSession: false } });
  context.store = createStore({ client: context.client, secretKey: randomBytes(32) });
});

test.after(async ({ db, dir }) => {
  await db.close();
  await rm(dir, { recursive: true, force: true });
});

const failure = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'no error',
    (error: unknown) => (error instanceof StoreError ? `${error.code} ${error.message}` : error),
  );

test('a tenant comes back as it was written, and writing it again replaces it', async ({ store }) => {
  await store.upsertTenant(acme);
  assert.equal(await store.getTenant('acme'), acme);
  await store.upsertTenant({ ...acme, name: 'Acme 2' });
  assert.is((await store.getTenant('acme'))?.name, 'Acme 2');
  assert.is(await store.getTenant('nobody'), null);
});

test('the value of a secret is nowhere in the database file', async ({ store, dir }) => {
  await store.upsertTenant(acme);
  for (const file of ['db.sqlite', 'db.sqlite-wal']) {
    assert.not.ok((await readFile(path.join(dir, file))).includes(canary), file);
  }
});

test('a secret opens only with its key, its tenant and its alias, and only if it was sealed', async ({
  store,
  client,
}) => {
  await store.upsertTenant(acme);
  const stranger = createStore({ client, secretKey: randomBytes(32) });
  assert.match(String(await failure(stranger.getTenant('acme'))), /^SECRET_UNREADABLE/);
  const { data } = await client.from('tenants').select('*').eq('id', 'acme').single();
  await client.from('tenants').upsert({ ...data, id: 'thief' });
  assert.match(String(await failure(store.getTenant('thief'))), /^SECRET_UNREADABLE/);
  const { key, other } = data.settings.secrets;
  for (const secrets of [
    { renamed: key, other },
    { key: { ...key, value: `${key.value.slice(0, -6)}AAAA==` } },
    { key: { ...key, value: 'sealed:v1:' } },
    { key: { ...key, value: canary } },
  ]) {
    await client
      .from('tenants')
      .update({ settings: { ...data.settings, secrets } })
      .eq('id', 'acme');
    const text = String(await failure(store.getTenant('acme')));
    assert.match(text, /^SECRET_UNREADABLE/);
    assert.not.match(text, canary);
  }
});

test('without a key no value of a secret is written', async ({ client }) => {
  const keyless = createStore({ client });
  assert.match(String(await failure(keyless.upsertTenant({ ...acme, id: 'keyless' }))), /^SECRET_KEY_MISSING/);
  assert.is(await keyless.getTenant('keyless'), null);
});

test('a key of another length is refused at once', ({ client }) => {
  assert.throws(() => createStore({ client, secretKey: randomBytes(16) }), '16 bytes, expected 32');
});

test('empty settings grant nothing', () => {
  assert.equal(parseSettings({}, 't'), {
    capabilities: [],
    http: { allow: [], privateRanges: [] },
    db: { tables: [], functions: [] },
    env: [],
    secrets: {},
    limits: {},
  });
});

test('settings of the wrong shape are refused by name, and unknown capabilities are not granted', () => {
  const wrong: [unknown, RegExp][] = [
    [[], /settings: expected a map/],
    [{ capabilities: 'http' }, /settings\.capabilities: expected a list/],
    [{ http: { allow: [1] } }, /settings\.http\.allow/],
    ...['*', 'https://*', 'https://*.com', 'https://*.*.test', 'ftp://a.test', 'a.test', 'https://a.test/path'].map(
      (entry): [unknown, RegExp] => [{ http: { allow: [entry] } }, /settings\.http\.allow: expected origins such as/],
    ),
    [{ secrets: { k: { origin: 'https://a' } } }, /settings\.secrets\.k/],
    ...['Host', 'transfer-encoding', 'x key', ''].map((header): [unknown, RegExp] => [
      { secrets: { k: { origin: 'https://a', header, value: 'v' } } },
      /settings\.secrets\.k\.header: expected the name of a header/,
    ]),
    ...['line\n', ' v', 'a\r\nhost: b', ''].map((value): [unknown, RegExp] => [
      { secrets: { k: { origin: 'https://a', header: 'x', value } } },
      /settings\.secrets\.k\.value: expected text in one line, without spaces around it$/,
    ]),
    [{ secrets: { k: { origin: 'https://a', header: 'x', value: 'v', env: 'E' } } }, /either value or env/],
    [{ limits: { cpuMs: -1 } }, /settings\.limits\.cpuMs/],
    [{ limits: { wallMs: '5' } }, /settings\.limits\.wallMs/],
  ];
  for (const [settings, message] of wrong) {
    assert.throws(
      () => parseSettings(settings, 't'),
      (error: unknown) => error instanceof StoreError && error.code === 'TENANT_INVALID' && message.test(error.message),
    );
  }
  assert.equal(parseSettings({ capabilities: ['log', 'root', 'db'] }, 't').capabilities, ['db', 'log']);
});

test('audit events are written in one call, however many', async ({ store, client }) => {
  const event = {
    time: '2026-01-02T03:04:05.678Z',
    tenant: 'acme',
    runId: 'run',
    workflow: 'w',
    activity: 'a',
    digest: 'd',
    code: 'CAPABILITY_REFUSED',
    method: 'http.fetch',
  };
  await store.addAudit([]);
  await store.addAudit(Array.from({ length: 1_201 }, () => event));
  const { data, count } = await client.from('audit_events').select('*', { count: 'exact' }).limit(1);
  assert.is(count, 1_201);
  assert.is(data?.[0].run_id, 'run');
  assert.is(data?.[0].time, event.time);
});

test.run();
