import * as diagnostics from 'node:diagnostics_channel';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { registerHooks } from 'node:module';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createClient, type SupabaseClient } from '@supabase/supabase-js';
import { SignJWT } from 'jose';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const modules: string[] = [];
registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context);
    modules.push(found.url);
    return found;
  },
});
const reached = new Set<string>();
diagnostics.subscribe('net.client.socket', (message) => {
  const { socket } = message as { socket: Socket };
  socket.on('lookup', (_error, _address, _family, host) => reached.add(host));
  socket.on('connectionAttempt', (address: string) => reached.add(address));
});

// Imported after the hooks, so that they see everything it loads.
const { startSupabase } = await import('../../host/embedded/supabase.ts');
type Supabase = Awaited<ReturnType<typeof startSupabase>>;

const tables = `
create table parents (id uuid primary key default gen_random_uuid(), tenant_id text not null, name text unique);
alter table parents enable row level security;
create policy parents_own on parents for all to authenticated
  using (tenant_id = auth.jwt() ->> 'tenant_id') with check (tenant_id = auth.jwt() ->> 'tenant_id');
create table kids (
  id uuid primary key default gen_random_uuid(), tenant_id text not null, parent uuid references parents(id));
alter table kids enable row level security;
create policy kids_own on kids for all to authenticated
  using (tenant_id = auth.jwt() ->> 'tenant_id') with check (tenant_id = auth.jwt() ->> 'tenant_id');
`;

const test = suite<{ dir: string; db: Supabase; host: SupabaseClient; a: SupabaseClient; b: SupabaseClient }>(
  'embedded',
);

async function tenantClient(db: Supabase, claims: Record<string, string>): Promise<SupabaseClient> {
  const token = await new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime('1m')
    .sign(new TextEncoder().encode(db.jwtSecret));
  return createClient(db.url, db.anonKey, { accessToken: async () => token });
}

test.before(async (context) => {
  context.dir = await mkdtemp(path.join(tmpdir(), 'cloister-db-'));
  await writeFile(path.join(context.dir, '9000_tables.sql'), tables);
  context.db = await startSupabase({ dbFile: path.join(context.dir, 'data', 'db.sqlite'), migrations: [context.dir] });
  context.host = createClient(context.db.url, context.db.serviceRoleKey, { auth: { persistSession: false } });
  context.a = await tenantClient(context.db, { role: 'authenticated', tenant_id: 'a' });
  context.b = await tenantClient(context.db, { role: 'authenticated', tenant_id: 'b' });
});

test.after(async ({ db, dir }) => {
  await db.close();
  await rm(dir, { recursive: true, force: true });
});

test('a tenant writes, reads, changes and deletes its own notes', async ({ a }) => {
  const made = await a
    .from('notes')
    .insert({ tenant_id: 'a', body: { n: 1, text: '{"x":1}' } })
    .select()
    .single();
  assert.equal([made.status, made.data?.body], [201, { n: 1, text: '{"x":1}' }]);
  const changed = await a
    .from('notes')
    .update({ body: { n: 2 } })
    .eq('id', made.data?.id)
    .select('body');
  assert.equal(changed.data, [{ body: { n: 2 } }]);
  const upserted = await a
    .from('notes')
    .upsert({ id: made.data?.id, tenant_id: 'a', body: { n: 3 } })
    .select('body');
  assert.equal(upserted.data, [{ body: { n: 3 } }]);
  assert.is((await a.from('notes').delete().eq('id', made.data?.id).select()).data?.length, 1);
});

test('another tenant neither sees, changes, deletes nor counts a note', async ({ a, b, host }) => {
  const { data: note } = await a
    .from('notes')
    .insert({ tenant_id: 'a', body: { mine: true } })
    .select()
    .single();
  const seen = await b.from('notes').select('*', { count: 'exact' }).or('tenant_id.eq.a,id.not.is.null');
  assert.equal([seen.data, seen.count], [[], 0]);
  assert.equal((await b.from('notes').update({ body: {} }).eq('id', note.id).select()).data, []);
  assert.equal((await b.from('notes').delete().eq('id', note.id).select()).data, []);
  assert.equal((await host.from('notes').select('body').eq('id', note.id)).data, [{ body: { mine: true } }]);
});

test('a foreign tenant_id is refused on insert, update and upsert', async ({ a, b, host }) => {
  const { data: note } = await a.from('notes').insert({ tenant_id: 'a', body: 1 }).select().single();
  assert.is((await b.from('notes').insert({ tenant_id: 'a' })).status, 403);
  assert.is((await b.from('notes').upsert({ id: note.id, tenant_id: 'a', body: 2 })).status, 403);
  assert.is((await a.from('notes').update({ tenant_id: 'b' }).eq('id', note.id)).status, 403);
  assert.equal((await host.from('notes').select('tenant_id,body').eq('id', note.id)).data, [
    { tenant_id: 'a', body: 1 },
  ]);
});

test('an id that another tenant uses is free, so nothing tells that it exists', async ({ a, b }) => {
  const { data: note } = await a.from('notes').insert({ tenant_id: 'a', body: 'a' }).select().single();
  assert.is((await b.from('notes').upsert({ id: note.id, tenant_id: 'b', body: 'b' })).status, 201);
  assert.equal((await a.from('notes').select('body').eq('id', note.id)).data, [{ body: 'a' }]);
});

test('an upsert cannot take over the row of another tenant that has the same key', async ({ a, b, host }) => {
  const { data: row } = await a.from('parents').insert({ tenant_id: 'a', name: 'victim' }).select().single();
  const thief = { id: row.id, tenant_id: 'b', name: 'stolen' };
  assert.is((await b.from('parents').upsert(thief)).error?.code, '42501');
  assert.is(
    (await b.from('parents').upsert({ tenant_id: 'b', name: 'victim' }, { onConflict: 'name' })).error?.code,
    '42501',
  );
  await b.from('parents').upsert(thief, { ignoreDuplicates: true });
  assert.equal((await host.from('parents').select('*').eq('id', row.id)).data, [row]);
});

test('PUT cannot take over the row of another tenant that has the same key', async ({ a, db, host }) => {
  const { data: row } = await a.from('parents').insert({ tenant_id: 'a', name: 'put' }).select().single();
  const token = await new SignJWT({ role: 'authenticated', tenant_id: 'b' })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime('1m')
    .sign(new TextEncoder().encode(db.jwtSecret));
  const answer = await fetch(`${db.url}/rest/v1/parents?id=eq.${row.id}`, {
    method: 'PUT',
    headers: { apikey: db.anonKey, authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ id: row.id, tenant_id: 'b', name: 'put away' }),
  });
  await answer.text();
  assert.ok(answer.status >= 400);
  assert.equal((await host.from('parents').select('*').eq('id', row.id)).data, [row]);
});

test('an embedded table shows no row of another tenant', async ({ a, b, host }) => {
  const { data: row } = await a.from('parents').insert({ tenant_id: 'a', name: 'secret name' }).select().single();
  await b.from('kids').insert({ tenant_id: 'b', parent: row.id });
  for (const select of ['*,parents(*)', 'id,...parents(name)', 'id,p:parents!inner(name)']) {
    const seen = await b.from('kids').select(select);
    assert.is(seen.error?.code, '42501', select);
    assert.not.match(JSON.stringify(seen), 'secret name');
  }
  assert.is((await host.from('kids').select('*,parents(*)')).status, 200);
});

test('the tables of the host are closed to tenants and to anonymous callers', async ({ a, db, host }) => {
  await host.from('tenants').upsert({ id: 't', name: 'T', organization_id: 't' });
  const anonymous = createClient(db.url, db.anonKey, { auth: { persistSession: false } });
  for (const client of [a, anonymous]) {
    for (const table of ['tenants', 'code_versions', 'audit_events']) {
      assert.equal((await client.from(table).select('*')).data, [], table);
    }
    assert.is((await client.from('tenants').insert({ id: 'u', name: 'U', organization_id: 'u' })).status, 403);
    assert.equal((await client.from('tenants').delete().eq('id', 't').select()).data, []);
  }
  assert.equal((await anonymous.from('notes').select('*')).data, []);
});

test('a token without a tenant sees and writes nothing', async ({ db }) => {
  const nobody = await tenantClient(db, { role: 'authenticated' });
  assert.is((await nobody.from('notes').select('*')).status, 403);
  assert.is((await nobody.from('notes').insert({ tenant_id: 'a' })).status, 403);
});

test('without a key, with a wrong one or with a token that we did not sign there is no answer', async ({ db }) => {
  const status = async (headers: Record<string, string>) => {
    const answer = await fetch(`${db.url}/rest/v1/notes?select=*`, { headers });
    await answer.text();
    return answer.status;
  };
  const forged = await new SignJWT({ role: 'service_role' })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime('1m')
    .sign(new TextEncoder().encode('unsafe-secret-change-me-unsafe-secret'));
  assert.is(await status({}), 401);
  assert.is(await status({ apikey: 'sb_secret_guess' }), 401);
  assert.is(await status({ authorization: `Bearer ${db.serviceRoleKey}` }), 401);
  assert.is(await status({ apikey: db.anonKey, authorization: `Bearer ${forged}` }), 401);
});

test('only the data API answers', async ({ db }) => {
  for (const where of [
    '/',
    '/_system/info',
    '/_system/config',
    '/auth/v1/settings',
    '/storage/v1/bucket',
    '/rest/v1',
  ]) {
    const answer = await fetch(db.url + where, { headers: { apikey: db.serviceRoleKey } });
    await answer.text();
    assert.is(answer.status, 404, where);
  }
});

test('a wrong query is a 4xx without SQL, and leaves nothing in the log', async ({ a }) => {
  const lines: unknown[] = [];
  const before = process.stderr.write;
  process.stderr.write = (line: unknown) => lines.push(line) > 0;
  try {
    const answers = [
      await a.from('notes').select('id,nope'),
      await a.from('notes').insert({ id: 'not a uuid', tenant_id: 'a' }),
      await a.from('notes').upsert({ tenant_id: 'a' }, { onConflict: 'tenant_id,body' }),
    ];
    for (const { status, error } of answers) {
      assert.ok(status >= 400 && status < 500, `${status}`);
      assert.not.match(JSON.stringify(error), /prepare|insert into|SQLITE/i);
    }
  } finally {
    process.stderr.write = before;
  }
  assert.equal(lines, []);
});

test('100 interleaved requests of two tenants never cross', async ({ db }) => {
  const clients = await Promise.all(
    ['x', 'y'].map(async (id) => ({ id, client: await tenantClient(db, { role: 'authenticated', tenant_id: id }) })),
  );
  const work = Array.from({ length: 100 }, (_, n) => clients[n % 2]);
  const seen = await Promise.all(
    work.map(async (entry) => {
      await entry?.client.from('notes').insert({ tenant_id: entry.id });
      const { data } = await (entry?.client.from('notes').select('tenant_id') ?? { data: null });
      return data?.every((row) => row.tenant_id === entry?.id) === true && data.length > 0;
    }),
  );
  assert.is(seen.filter(Boolean).length, 100);
});

test('a second start keeps rows and keys, and enforces the policies from the first request on', async ({ dir }) => {
  const dbFile = path.join(dir, 'again', 'db.sqlite');
  const keys: string[] = [];
  for (const round of [0, 1]) {
    await using db = await startSupabase({ dbFile });
    keys.push(db.jwtSecret + db.anonKey + db.serviceRoleKey);
    const a = await tenantClient(db, { role: 'authenticated', tenant_id: 'a' });
    const b = await tenantClient(db, { role: 'authenticated', tenant_id: 'b' });
    await a.from('notes').insert({ tenant_id: 'a' });
    assert.is((await a.from('notes').select('id')).data?.length, round + 1);
    assert.equal((await b.from('notes').select('id')).data, []);
  }
  assert.is(keys[0], keys[1]);
  assert.is((await stat(dbFile)).mode & 0o077, 0);
  assert.is((await stat(`${dbFile}.keys.json`)).mode & 0o077, 0);
});

test('a migration that changed after it was applied, or that fails, stops the start and keeps nothing', async ({
  dir,
}) => {
  const folder = await mkdtemp(path.join(dir, 'migrations-'));
  const file = path.join(folder, '9100_more.sql');
  const closed = 'alter table more enable row level security;';
  const dbFile = path.join(folder, 'db.sqlite');
  const start = async () => (await startSupabase({ dbFile, migrations: [folder] })).close();
  const failure = () =>
    start().then(
      () => 'started',
      (error: Error) => error.message,
    );
  await writeFile(file, `create table more (id text primary key); ${closed} create table more (id text);`);
  assert.match(await failure(), '9100_more.sql: table more already exists');
  await writeFile(file, `create table more (id text primary key); ${closed}`);
  await start();
  await writeFile(file, `create table more (id text primary key, x text); ${closed}`);
  assert.match(await failure(), '9100_more.sql: has changed since it was applied');
});

test('a table without row-level security, and a view, which has none, stop the start: lite would show every row', async ({
  dir,
}) => {
  for (const [sql, name] of [
    ['create table open_rows (id text primary key, tenant_id text);', 'open_rows'],
    [
      'create table shut (id text primary key); alter table shut enable row level security; alter table public.shut disable row level security;',
      'shut',
    ],
    ['create view peek as select * from notes;', 'peek'],
  ]) {
    const folder = await mkdtemp(path.join(dir, 'open-'));
    await writeFile(path.join(folder, '9200_open.sql'), sql ?? '');
    const started = startSupabase({ dbFile: path.join(folder, 'db.sqlite'), migrations: [folder] });
    const text = await started.then(
      async (db) => db.close().then(() => 'started'),
      (error: Error) => error.message,
    );
    assert.is(text, `migrations: no row-level security on ${name}`);
  }
});

test('nothing loads telemetry, and no socket leaves the machine', async () => {
  assert.ok(modules.some((url) => url.includes('@supabase/lite')));
  assert.equal(
    modules.filter((url) => /sentry|posthog|detect-agent|nodemailer\/lib\/smtp/i.test(url)),
    [],
  );
  const source = await readFile(new URL(import.meta.resolve('@supabase/lite')), 'utf8');
  assert.not.match(source, /posthog|ingest\.sentry|LITE_TELEMETRY/i);
  assert.equal([...reached], ['127.0.0.1']);
});

test.run();
