import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { App, generateApiKey, SUPABASE_AUTH_HELPERS_SQL } from '@supabase/lite';
import { createPgliteConnection, type PgliteConnection } from '@supabase/lite/pglite';
import { createClient, type SupabaseClient } from '@supabase/supabase-js';
import { SignJWT } from 'jose';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { listener } from '../../host/embedded/supabase/listener.ts';
import { createStore } from '../../registry/store/index.ts';

/** What a Supabase project has before the first migration. */
const platform = `
create role anon nologin; create role authenticated nologin; create role service_role nologin bypassrls;
${SUPABASE_AUTH_HELPERS_SQL}
grant usage on schema public, auth to anon, authenticated, service_role;
grant execute on all functions in schema auth to anon, authenticated, service_role;
alter default privileges in schema public grant all on tables to anon, authenticated, service_role;
`;
const tables = `
create table parents (id uuid primary key default gen_random_uuid(), tenant_id text not null, name text);
alter table parents enable row level security;
create policy parents_own on parents for all to authenticated
  using (tenant_id = auth.jwt() ->> 'tenant_id') with check (tenant_id = auth.jwt() ->> 'tenant_id');
create table kids (
  id uuid primary key default gen_random_uuid(), tenant_id text not null, parent uuid references parents(id));
alter table kids enable row level security;
create policy kids_own on kids for all to authenticated
  using (tenant_id = auth.jwt() ->> 'tenant_id') with check (tenant_id = auth.jwt() ->> 'tenant_id');
`;

interface Context {
  connection: PgliteConnection;
  server: Server;
  host: SupabaseClient;
  client(claims: Record<string, string>): Promise<SupabaseClient>;
}

const test = suite<Context>('migrations on PostgreSQL');

// @supabase/lite prints every refused statement.
const print = console.error;

test.before(async (context) => {
  console.error = () => {};
  const folder = new URL('../../registry/migrations/', import.meta.url);
  const files = (await readdir(folder)).filter((file) => file.endsWith('.sql')).sort();
  const migrations = await Promise.all(files.map((file) => readFile(new URL(file, folder), 'utf8')));
  const connection = await createPgliteConnection();
  for (const sql of [platform, ...migrations, tables]) await connection.driver.exec(sql);
  const jwt_secret = 's'.repeat(40);
  const publishable_key = (await generateApiKey('publishable')).key;
  const secret_key = (await generateApiKey('secret')).key;
  const app = new App({
    connection,
    auth: { enabled: false, jwt_secret, publishable_key, secret_key },
    options: { server: { admin: false, disableStudio: true, disableFallback: true } },
  });
  const server = createServer(listener(app.fetch));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = async (claims: Record<string, string>) => {
    const token = await new SignJWT({ role: 'authenticated', ...claims })
      .setProtectedHeader({ alg: 'HS256' })
      .setExpirationTime('1m')
      .sign(new TextEncoder().encode(jwt_secret));
    return createClient(url, publishable_key, { accessToken: async () => token });
  };
  const host = createClient(url, secret_key, { auth: { persistSession: false } });
  Object.assign(context, { connection, server, host, client });
});

test.after(async ({ server, connection }) => {
  console.error = print;
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
  await connection.close();
});

test('a tenant works with its own notes and meets none of another', async ({ client, host }) => {
  const a = await client({ tenant_id: 'a' });
  const b = await client({ tenant_id: 'b' });
  const { data: note, error } = await a
    .from('notes')
    .insert({ tenant_id: 'a', body: { n: 1 } })
    .select()
    .single();
  assert.equal([error, note?.body], [null, { n: 1 }]);
  const seen = await b.from('notes').select('*', { count: 'exact' }).or('tenant_id.eq.a,id.not.is.null');
  assert.equal([seen.data, seen.count], [[], 0]);
  assert.equal((await b.from('notes').update({ body: {} }).eq('id', note.id).select()).data, []);
  assert.equal((await b.from('notes').delete().eq('id', note.id).select()).data, []);
  assert.is((await b.from('notes').insert({ tenant_id: 'a' })).error?.code, '42501');
  assert.is((await a.from('notes').update({ tenant_id: 'b' }).eq('id', note.id)).error?.code, '42501');
  assert.is((await b.from('notes').upsert({ id: note.id, tenant_id: 'b' })).status, 201);
  assert.equal((await host.from('notes').select('body').eq('tenant_id', 'a')).data, [{ body: { n: 1 } }]);
});

test('the tables of the host are closed to tenants', async ({ client, host }) => {
  const a = await client({ tenant_id: 'a' });
  await host.from('tenants').upsert({ id: 't', name: 'T', organization_id: 't' });
  for (const table of ['tenants', 'code_versions', 'audit_events', 'api_keys']) {
    assert.equal((await a.from(table).select('*')).data, [], table);
  }
  assert.is((await a.from('tenants').insert({ id: 'u', name: 'U', organization_id: 'u' })).error?.code, '42501');
});

test('a token without a tenant sees and writes nothing', async ({ client }) => {
  const nobody = await client({});
  assert.equal((await nobody.from('notes').select('*')).data, []);
  assert.is((await nobody.from('notes').insert({ tenant_id: 'a' })).error?.code, '42501');
});

test('PostgreSQL itself keeps embedded rows and upserts within the tenant', async ({ client, host }) => {
  const a = await client({ tenant_id: 'a' });
  const b = await client({ tenant_id: 'b' });
  const { data: row } = await a.from('parents').insert({ tenant_id: 'a', name: 'mine' }).select().single();
  await b.from('kids').insert({ tenant_id: 'b', parent: row.id });
  assert.equal((await b.from('kids').select('tenant_id,parents(name)')).data, [{ tenant_id: 'b', parents: null }]);
  assert.is((await b.from('parents').upsert({ id: row.id, tenant_id: 'b', name: 'stolen' })).error?.code, '42501');
  assert.equal((await host.from('parents').select('*')).data, [row]);
});

test('the store works on it', async ({ host }) => {
  const store = createStore({ client: host, secretKey: new Uint8Array(32) });
  const digest = 'c5d9a96b8d2f5d4e2f0b0c0e3a5cbe3f59ddd4fdc2d8d4d3e9a1a4c9b3f4a001';
  assert.is(await store.getCode(digest), null);
  const secrets = { key: { origin: 'https://x.test', header: 'x', value: 'v', env: null } };
  const http = { allow: [], privateRanges: [] };
  const settings = { capabilities: [], http, db: { tables: [], functions: [] }, env: [], secrets, limits: {} };
  const tenant = { id: 'acme', name: 'Acme', organizationId: 'acme', settings };
  await store.upsertTenant(tenant);
  assert.equal(await store.getTenant('acme'), tenant);
  const time = '2026-01-02T03:04:05.678Z';
  const event = { time, tenant: null, runId: 'r', workflow: 'w', activity: 'a', digest, code: 'c', method: 'm' };
  await store.addAudit([event, event]);
  assert.is((await host.from('audit_events').select('*', { count: 'exact', head: true })).count, 2);
});

test.run();
