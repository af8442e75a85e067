import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PostgrestClient } from '@supabase/postgrest-js';
import { createClient, type SupabaseClient } from '@supabase/supabase-js';
import { decodeJwt } from 'jose';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Capability, CapabilityError, type RunContext } from '../../host/broker/capability.ts';
import type { DbAnswer } from '../../host/broker/db/answer.ts';
import { createDbCapability } from '../../host/broker/db.ts';
import { type EmbeddedSupabase, startSupabase } from '../../host/embedded/supabase.ts';
import { run } from './run.ts';

const tables = `
create table others (id uuid primary key default gen_random_uuid(), tenant_id text not null);
alter table others enable row level security;
create policy others_own on others for all to authenticated
  using (tenant_id = auth.jwt() ->> 'tenant_id') with check (tenant_id = auth.jwt() ->> 'tenant_id');
`;

interface Context {
  dir: string;
  db: EmbeddedSupabase;
  host: SupabaseClient;
  capability: Capability;
}

const test = suite<Context>('db');

async function call(capability: Capability, args: unknown, context: RunContext): Promise<DbAnswer> {
  const method = capability.methods.get('db.request');
  assert.ok(method);
  return (await method(args, context)) as DbAnswer;
}

const get = (change: object = {}) => ({ target: { table: 'notes' }, method: 'GET', query: [], headers: {}, ...change });

/** The builder of the guest, over the capability. */
function guest(capability: Capability, context: RunContext): PostgrestClient {
  return new PostgrestClient('http://db', {
    fetch: async (input, init) => {
      const url = new URL(`${input}`);
      const name = decodeURIComponent(url.pathname.slice(1));
      const answer = await call(
        capability,
        {
          target: name.startsWith('rpc/') ? { fn: name.slice(4) } : { table: name },
          method: init?.method ?? 'GET',
          query: [...url.searchParams],
          headers: Object.fromEntries(new Headers(init?.headers)),
          body: init?.body ?? undefined,
        },
        context,
      );
      const { status, statusText, headers, body } = answer;
      return new Response(body === '' ? null : body, { status, statusText, headers });
    },
  });
}

async function refusal(work: Promise<unknown>): Promise<Pick<CapabilityError, 'code' | 'activityCode' | 'message'>> {
  const error = await work.then(
    () => 'answered',
    (caught: unknown) => caught,
  );
  assert.instance(error, CapabilityError, String(error));
  return error as CapabilityError;
}

async function withServer<T>(answer: RequestListener, work: (url: string, server: Server) => Promise<T>): Promise<T> {
  const server = createServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    return await work(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, server);
  } finally {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  }
}

test.before(async (context) => {
  context.dir = await mkdtemp(path.join(tmpdir(), 'cloister-dbcap-'));
  await writeFile(path.join(context.dir, '9000_others.sql'), tables);
  context.db = await startSupabase({ dbFile: path.join(context.dir, 'db.sqlite'), migrations: [context.dir] });
  context.host = createClient(context.db.url, context.db.serviceRoleKey, { auth: { persistSession: false } });
  const { url, anonKey: apikey, jwtSecret } = context.db;
  context.capability = createDbCapability({ url, apikey, jwtSecret, maxRows: 50, maxBytes: 100_000 });
});

test.after(async ({ capability, db, dir }) => {
  await capability.close();
  await db.close();
  await rm(dir, { recursive: true, force: true });
});

test('the query builder works as in supabase-js', async ({ capability }) => {
  const client = guest(capability, run('a'));
  const made = await client
    .from('notes')
    .insert({ tenant_id: 'a', body: { n: 1 } })
    .select()
    .single();
  assert.equal([made.status, made.data.body], [201, { n: 1 }]);
  const { data, count } = await client.from('notes').select('id, body', { count: 'exact' }).order('created_at');
  assert.equal([data?.length, count], [1, 1]);
  assert.equal((await client.from('notes').update({ body: 2 }).eq('id', made.data.id).select('body')).data, [
    { body: 2 },
  ]);
  assert.is((await client.from('notes').select('*', { head: true, count: 'exact' })).count, 1);
  assert.is((await client.from('notes').select().eq('id', crypto.randomUUID()).maybeSingle()).data, null);
  assert.is((await client.from('notes').select().eq('id', crypto.randomUUID()).single()).error?.code, 'PGRST116');
  assert.is((await client.from('notes').delete().eq('id', made.data.id)).status, 204);
});

test('a tenant meets no row of another, whatever filter text it writes', async ({ capability, host }) => {
  await host.from('notes').insert([{ tenant_id: 'a', body: 'of a' }]);
  const client = guest(capability, run('b'));
  const hostile = [
    'x),or(tenant_id.eq.a',
    'tenant_id.eq.a',
    'id.not.is.null,tenant_id.neq.b',
    '"x","\\"),tenant_id.eq.a',
  ];
  for (const text of hostile) {
    for (const query of [
      client.from('notes').select('*').or(text),
      client.from('notes').select('*').filter('tenant_id', 'in', `(${text})`),
      client.from('notes').select('*').in('tenant_id', [text, 'a']),
      client.from('notes').delete().or(text).select(),
      client.from('notes').update({ body: 'taken' }).or(text).select(),
    ]) {
      const { data } = await query;
      assert.equal(data ?? [], [], text);
    }
  }
  assert.ok((await host.from('notes').select('body').eq('tenant_id', 'a')).data?.every((row) => row.body !== 'taken'));
});

test('values with quotes and backslashes match exactly', async ({ capability }) => {
  const client = guest(capability, run('quotes'));
  for (const body of ['a"b', 'a\\b', 'a,b', 'a)b']) {
    const { data: note } = await client
      .from('notes')
      .insert({ tenant_id: 'quotes', body: { text: body } })
      .select()
      .single();
    const found = await client.from('notes').select('id').eq('body->>text', body);
    assert.equal(found.data, [{ id: note.id }], body);
  }
});

test('a foreign tenant_id is the error of the policies', async ({ capability, host }) => {
  const client = guest(capability, run('b'));
  const before = (await host.from('notes').select('*', { count: 'exact', head: true }).eq('tenant_id', 'a')).count;
  for (const query of [
    client.from('notes').insert({ tenant_id: 'a' }),
    client.from('notes').upsert({ id: crypto.randomUUID(), tenant_id: 'a' }),
  ]) {
    const { status, error } = await query;
    assert.is(status, 403);
    assert.ok(error && !/insert into/i.test(JSON.stringify(error)));
  }
  const after = (await host.from('notes').select('*', { count: 'exact', head: true }).eq('tenant_id', 'a')).count;
  assert.is(after, before);
});

test('tables and functions that are not granted are denied before any request', async ({ capability }) => {
  const targets = [
    { table: 'tenants' },
    { table: 'others' },
    { table: 'auth.users' },
    { table: 'notes?select=*' },
    { table: '../auth/v1/admin' },
    { table: 'Notes' },
    { table: '' },
    { fn: 'set_config' },
    { fn: 'pg_sleep' },
    { fn: 'notes' },
  ];
  for (const target of targets) {
    const { code, activityCode } = await refusal(call(capability, get({ target }), run('a')));
    assert.equal([code, activityCode], ['DENIED', 'CAPABILITY_REFUSED'], JSON.stringify(target));
  }
});

test('a grant of a name that is no plain name opens nothing', async ({ capability }) => {
  const context = run('a', { tables: ['rpc/x', 'auth.users', '../auth'] });
  for (const table of ['rpc/x', 'auth.users', '../auth']) {
    assert.is((await refusal(call(capability, get({ target: { table } }), context))).code, 'DENIED');
  }
});

test('embedding a table that is not granted is denied, also hidden behind alias, spread, hint and order', async ({
  capability,
}) => {
  for (const select of [
    '*,others(*)',
    'x:others(*)',
    '...others(id)',
    'others!inner(id)',
    'id,a:others!fk!left(id)',
    '"others"(id)',
    'x:"oth""ers"(*)',
    'notes(others(*))',
    'id,count(others(*))',
    ' others (*)',
    'id,tenants()',
  ]) {
    const { code } = await refusal(call(capability, get({ query: [['select', select]] }), run('a')));
    assert.is(code, 'DENIED', select);
  }
  for (const query of [
    [['order', 'others(id)']],
    [['notes.select', 'others(*)']],
    [
      ['select', 'id'],
      ['select', 'others(*)'],
    ],
  ]) {
    assert.ok(['DENIED', 'BAD_ARGUMENT'].includes((await refusal(call(capability, get({ query }), run('a')))).code));
  }
});

test('an embedded table that is granted, aggregates and plain casts pass the check', async ({ capability }) => {
  const context = run('a', { tables: ['notes', 'others'] });
  for (const select of ['*,others(*)', 'id,x:others!inner(id)', 'count()', 'c:id.count()', 'tenant_id::text,id']) {
    const { status } = await call(capability, get({ query: [['select', select]] }), context);
    assert.ok(status < 500, select);
  }
  for (const select of ['id::regclass', 'id::text::oid', 'x:id::"char"']) {
    assert.is((await refusal(call(capability, get({ query: [['select', select]] }), context))).code, 'DENIED', select);
  }
});

test('credentials, schema headers and unknown headers do not cross', async ({ capability, db }) => {
  for (const headers of [
    { 'accept-profile': 'auth' },
    { 'content-profile': 'auth' },
    { authorization: `Bearer ${db.serviceRoleKey}` },
    { apikey: db.serviceRoleKey },
    { host: 'x' },
    { 'x-forwarded-for': '1.2.3.4' },
    { 'x-http-method-override': 'DELETE' },
  ]) {
    assert.is((await refusal(call(capability, get({ headers }), run('a')))).code, 'DENIED', JSON.stringify(headers));
  }
  assert.is(
    (await refusal(call(capability, get({ query: [['apikey', db.serviceRoleKey]] }), run('a')))).code,
    'DENIED',
  );
  for (const headers of [
    { accept: 'application/vnd.pgrst.plan+json' },
    { accept: 'application/openapi+json' },
    { prefer: 'params=single-object' },
    { prefer: 'return=minimal\r\nauthorization: x' },
    { range: '0-1000000' },
    { 'content-type': 'application/octet-stream' },
  ]) {
    assert.is(
      (await refusal(call(capability, get({ headers }), run('a')))).code,
      'BAD_ARGUMENT',
      JSON.stringify(headers),
    );
  }
});

test('arguments of the wrong shape are BAD_ARGUMENT', async ({ capability }) => {
  const wrong = [
    null,
    [],
    'x',
    {},
    get({ target: null }),
    get({ target: { table: 'notes', fn: 'x' } }),
    get({ method: 'PUT' }),
    get({ method: 'get' }),
    get({ method: 'CONNECT' }),
    get({ query: { select: '*' } }),
    get({ query: [['a']] }),
    get({ query: [['a', 1]] }),
    get({ query: Array.from({ length: 300 }, () => ['a', 'b']) }),
    get({ query: [['limit', '-1']] }),
    get({
      query: [
        ['limit', '1'],
        ['limit', '9'],
      ],
    }),
    get({ headers: { prefer: 1 } }),
    get({ body: { a: 1 } }),
  ];
  for (const args of wrong)
    assert.is((await refusal(call(capability, args, run('a')))).code, 'BAD_ARGUMENT', JSON.stringify(args));
});

test('a run without the grant, or without a tenant, is denied', async ({ capability }) => {
  const bare = run('a');
  const ungranted = { ...bare, grants: { ...bare.grants, capabilities: new Set(['http'] as const) } };
  const first = await refusal(call(capability, get(), ungranted));
  assert.equal([first.code, first.activityCode], ['DENIED', 'CAPABILITY_REFUSED']);
  assert.match(first.message, '"db"');
  const second = await refusal(call(capability, get(), run(null)));
  assert.equal([second.code, second.activityCode], ['DENIED', 'TENANT_REFUSED']);
});

test('a read gets no more than the cap of rows, whatever limit it asks for', async ({ capability, host }) => {
  await host.from('notes').insert(Array.from({ length: 80 }, () => ({ tenant_id: 'rows' })));
  for (const query of [[], [['limit', '1000000']]]) {
    assert.is(JSON.parse((await call(capability, get({ query }), run('rows'))).body).length, 50);
  }
  assert.is(JSON.parse((await call(capability, get({ query: [['limit', '3']] }), run('rows'))).body).length, 3);
});

test('a large body is TOO_LARGE, going out and coming back', async ({ capability, host }) => {
  const body = JSON.stringify({ tenant_id: 'big', body: 'x'.repeat(200_000) });
  assert.is((await refusal(call(capability, get({ method: 'POST', body }), run('big')))).code, 'TOO_LARGE');
  await host.from('notes').insert({ tenant_id: 'big', body: 'x'.repeat(200_000) });
  assert.is((await refusal(call(capability, get(), run('big')))).code, 'TOO_LARGE');
});

test('the token names the tenant and role, lives a minute, and carries the publishable key', async () => {
  const seen: Record<string, unknown>[] = [];
  await withServer(
    (request, response) => {
      seen.push({ url: request.url, ...request.headers });
      response.setHeader('content-type', 'application/json').end('[]');
    },
    async (url) => {
      const capability = createDbCapability({ url: `${url}/`, apikey: 'sb_publishable_x', jwtSecret: 's'.repeat(32) });
      await call(capability, get({ query: [['tenant_id', 'eq.b']] }), run('a'));
      await capability.close();
    },
  );
  const { url, apikey, authorization } = seen[0] ?? {};
  assert.equal([url, apikey], ['/rest/v1/notes?tenant_id=eq.b&limit=1000', 'sb_publishable_x']);
  const { role, tenant_id, iat = 0, exp = 0 } = decodeJwt(String(authorization).slice(7));
  assert.equal([role, tenant_id, exp - iat], ['authenticated', 'a', 60]);
});

test('a cap of rows and an exact count are what is sent, whatever range and count are asked for', async () => {
  const seen: { url: string | undefined; prefer: unknown }[] = [];
  await withServer(
    ({ url, headers }, response) => {
      seen.push({ url, prefer: headers.prefer });
      response.setHeader('content-type', 'application/json').end('[]');
    },
    async (url) => {
      const capability = createDbCapability({
        url,
        apikey: 'sb_publishable_x',
        jwtSecret: 's'.repeat(32),
        maxRows: 50,
      });
      const headers = { range: '0-9', prefer: 'count=planned, return=minimal' };
      await call(capability, get({ headers, query: [['limit', '5000']] }), run('a'));
      await call(capability, get({ headers: { prefer: 'count=estimated' } }), run('a'));
      await capability.close();
    },
  );
  assert.equal(seen, [
    { url: '/rest/v1/notes?limit=50', prefer: 'count=exact, return=minimal' },
    { url: '/rest/v1/notes?limit=50', prefer: 'count=exact' },
  ]);
});

test('5xx, 401, redirects and a server that is gone are UNAVAILABLE without its text', async () => {
  const secretText = 'postgres://admin:canary@db.internal select * from x';
  const options = (url: string) => ({ url, apikey: 'sb_publishable_x', jwtSecret: 's'.repeat(32), timeoutMs: 300 });
  const errors = await withServer(
    (request, response) => {
      const status = Number(new URL(request.url ?? '', 'http://x').searchParams.get('status'));
      if (status === 0) return;
      response
        .writeHead(status, { location: 'http://127.0.0.1:1/' })
        .end(JSON.stringify({ code: 'XX000', message: secretText }));
    },
    async (url) => {
      const capability = createDbCapability(options(url));
      const found = [];
      for (const status of ['500', '503', '401', '307', '0']) {
        found.push(await refusal(call(capability, get({ query: [['status', status]] }), run('a'))));
      }
      await capability.close();
      return found;
    },
  );
  const gone = createDbCapability(options('http://127.0.0.1:9'));
  errors.push(await refusal(call(gone, get(), run('a'))));
  await gone.close();
  for (const { code, activityCode, message } of errors) {
    assert.equal([code, activityCode], ['UNAVAILABLE', 'DB_UNAVAILABLE']);
    assert.not.match(message, /canary|127\.0\.0\.1|select/);
  }
  assert.is(errors.length, 6);
});

test('a refused query keeps its code and loses constraint, row, hint and SQL', async () => {
  const leaky = {
    code: '23505',
    message: 'duplicate key value violates unique constraint "canary_pkey"',
    details: 'Key (id)=(canary) already exists.',
    hint: "Perhaps you meant the table 'public.canary'",
  };
  await withServer(
    (_, response) =>
      response.writeHead(409, { 'content-type': 'application/json', 'x-canary': 'canary' }).end(JSON.stringify(leaky)),
    async (url) => {
      const capability = createDbCapability({ url, apikey: 'sb_publishable_x', jwtSecret: 's'.repeat(32) });
      const answer = await call(capability, get(), run('a'));
      await capability.close();
      assert.equal(JSON.parse(answer.body), {
        code: '23505',
        message: 'duplicate key value',
        details: null,
        hint: null,
      });
      assert.not.match(JSON.stringify(answer), 'canary');
    },
  );
});

test('one tenant with too many open requests is stopped, another is served', async () => {
  const held: (() => void)[] = [];
  await withServer(
    (request, response) => {
      const finish = () => response.end('[]');
      if (decodeJwt(String(request.headers.authorization).slice(7)).tenant_id === 'a') held.push(finish);
      else finish();
    },
    async (url) => {
      const capability = createDbCapability({
        url,
        apikey: 'sb_publishable_x',
        jwtSecret: 's'.repeat(32),
        inFlight: 5,
      });
      const stop = new AbortController();
      const work = Array.from({ length: 20 }, () =>
        call(capability, get(), run('a', { signal: stop.signal })).catch((error) => error.code),
      );
      assert.is((await call(capability, get(), run('b'))).status, 200);
      stop.abort();
      const ends = await Promise.all(work);
      assert.is(ends.filter((code) => code === 'TOO_MANY_CALLS').length, 15);
      assert.ok(held.length <= 5);
      await capability.close();
    },
  );
});

test('100 interleaved calls of two tenants never cross', async ({ capability }) => {
  const work = Array.from({ length: 100 }, (_, n) => `t${n % 2}`);
  const lists = await Promise.all(
    [0, 1].map(async (which) => {
      const seen: unknown[] = [];
      for (const tenant of work.filter((_, n) => n % 2 === which)) {
        const client = guest(capability, run(tenant));
        await client.from('notes').insert({ tenant_id: tenant });
        seen.push(
          ...((await client.from('notes').select('tenant_id')).data ?? []).map((row) => row.tenant_id === tenant),
        );
      }
      return seen;
    }),
  );
  assert.ok(lists.flat().length > 100 && lists.flat().every(Boolean));
});

test("the service role's key, an empty key and a short secret do not start", () => {
  const jwt = `x.${Buffer.from('{"role":"service_role"}').toString('base64url')}.y`;
  const url = 'http://127.0.0.1:9';
  for (const apikey of ['sb_secret_x', jwt, '']) {
    assert.throws(() => createDbCapability({ url, apikey, jwtSecret: 's'.repeat(32) }), 'publishable');
  }
  assert.throws(() => createDbCapability({ url, apikey: 'sb_publishable_x', jwtSecret: '' }), '32 characters');
  assert.throws(() => createDbCapability({ url, apikey: 'sb_publishable_x' }), '32 characters');
});

test.run();
