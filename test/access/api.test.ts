// timeout: 90
import { pino } from 'pino';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Keys } from '../../host/access/keys.ts';
import { type LimitRule, Limits } from '../../host/access/limits.ts';
import { writeEvent } from '../../host/api/audit.ts';
import type { Api } from '../../host/api/server.ts';
import { Audit } from '../../host/audit.ts';
import type { Store } from '../../registry/index.ts';
import { caller, eventually } from '../api/call.ts';
import { type ApiStand, apiStand } from '../api/stand.ts';
import { type Database, databases } from './database.ts';

const TOKEN = 'the-administrators-own-token';
const ADMIN = { authorization: `Bearer ${TOKEN}` };
const CANARY = 'canary-of-a-secret';

interface Context {
  owned: AsyncDisposableStack;
  stand: ApiStand;
  dbs: readonly Database[];
}

const test = suite<Context>('tenants, audit and limits');

test.before(async (context) => {
  context.owned = new AsyncDisposableStack();
  context.stand = context.owned.use(await apiStand());
  context.dbs = await databases(context.owned);
});
test.after(async ({ owned }) => {
  await owned.disposeAsync();
});

const as = (key: string) => ({ authorization: `Bearer ${key}` });

async function serve({ stand, owned }: Context, rows: Store, limits?: Partial<LimitRule>): Promise<Api> {
  const keys = new Keys(rows);
  const audit = new Audit({ store: rows, log: pino({ level: 'silent' }), gatherMs: 10 });
  owned.defer(() => audit.close());
  return stand.start(
    { kind: 'token', token: TOKEN, keys },
    {
      keys,
      rows,
      written: (write) => audit.write(writeEvent(write)),
      limits: limits ? new Limits({ reads: 1e5, writes: 1e5, starts: 1e5, failures: 1e5, ...limits }) : null,
    },
  );
}

async function keyOf({ url }: Api, body: object): Promise<string> {
  const { status, body: made } = await caller(url).post('/keys', { name: 'test', role: 'admin', ...body }, ADMIN);
  assert.is(status, 201, JSON.stringify(made));
  return made.key;
}

test('a tenant is created, shown without values of secrets, replaced and removed with its keys', async (context) => {
  for (const { store, name } of context.dbs) {
    const api = await serve(context, store);
    const { send, get } = caller(api.url);
    const put = (id: string, body: unknown) => send('PUT', `/tenants/${id}`, body, ADMIN);
    const secret = { origin: 'https://api.example.org', header: 'x-key' };
    const settings = { capabilities: ['http'], http: { allow: ['https://api.example.org'] }, limits: { wallMs: 5000 } };
    const made = await put('org-1', {
      name: 'One',
      settings: { ...settings, secrets: { a: { ...secret, value: CANARY } } },
    });
    assert.is(made.status, 200, JSON.stringify(made.body));
    assert.equal([made.body.organizationId, made.body.settings.secrets], ['org-1', { a: secret }], name);
    const read = await get('/tenants/org-1', ADMIN);
    assert.equal(read.body, made.body);
    assert.not.match(JSON.stringify([read.body, (await get('/tenants', ADMIN)).body]), new RegExp(CANARY));
    assert.not.match(JSON.stringify(await store.showTenant('org-1')), new RegExp(CANARY), 'encrypted at rest');
    // What was read can be written back, and the secret stays.
    const { id: _, ...same } = read.body;
    assert.is((await put('org-1', same)).status, 200);
    assert.is((await store.getTenant('org-1'))?.settings.secrets.a?.value, CANARY);
    // But nobody sends it elsewhere who does not know it.
    for (const moved of [
      { ...secret, origin: 'https://evil.example' },
      { ...secret, header: 'cookie' },
    ]) {
      const { status, body } = await put('org-1', { name: 'One', settings: { ...settings, secrets: { a: moved } } });
      assert.equal([status, body.where], [400, 'body settings.secrets.a']);
    }
    const key = await keyOf(api, { tenant: 'org-1', role: 'viewer' });
    assert.is((await get('/workflows', as(key))).status, 200);
    assert.is((await send('DELETE', '/tenants/org-1', undefined, ADMIN)).status, 204);
    assert.is((await get('/workflows', as(key))).status, 401);
    for (const method of ['GET', 'DELETE']) {
      const { status, body } = await send(method, '/tenants/org-1', undefined, ADMIN);
      assert.equal([status, body.code], [404, 'TENANT_NOT_FOUND']);
    }
  }
});

test('ADM-08: settings that are not understood as a whole are 400 with their place, and nothing is kept', async (context) => {
  const [{ store } = { store: null }] = context.dbs;
  if (!store) throw new Error('no database');
  const api = await serve(context, store);
  const bad: [object, RegExp][] = [
    [{ settings: { capabilities: ['root'] } }, /capabilities/],
    [{ settings: { http: { allow: ['https://*'] } } }, /http\.allow/],
    [{ settings: { limits: { wallMs: 0 } } }, /limits/],
    [{ settings: { limits: { unknown: 1 } } }, /limits/],
    [{ settings: { secrets: { a: { origin: 'https://x.test', header: 'host', value: 'v' } } } }, /secrets\.a/],
    [{ settings: { secrets: { a: { origin: 'https://x.test', header: 'x' } } } }, /secrets\.a/],
    [{ settings: { role: 'admin' } }, /settings/],
    [{ role: 'admin' }, /body/],
    [{ id: 'org-other' }, /body/],
    [{ organizationId: '../x' }, /organizationId/],
  ];
  for (const [more, where] of bad) {
    const { status, body } = await caller(api.url).send('PUT', '/tenants/org-bad', { name: 'Bad', ...more }, ADMIN);
    assert.equal([status, body.code], [400, 'BODY_INVALID'], JSON.stringify(more));
    assert.match(body.where, where);
  }
  for (const id of ['..%2fx', 'a%20b', 'x'.repeat(65), '%F0%9F%92%A9']) {
    const { status } = await caller(api.url).send('PUT', `/tenants/${id}`, { name: 'Bad' }, ADMIN);
    assert.is(status, 400, id);
  }
  assert.is(await store.showTenant('org-bad'), null);
});

test('each write is an event: who, what, of which tenant, with which outcome; the refused ones too', async (context) => {
  for (const { store, name } of context.dbs) {
    const api = await serve(context, store);
    const { send, post, get } = caller(api.url);
    const bound = await keyOf(api, { name: 'of the tenant', tenant: 'org-a' });
    const made = (await post('/keys', { name: 'made', role: 'viewer' }, as(bound))).body;
    await send('DELETE', `/keys/${made.id}`, undefined, as(bound));
    const refused = await send('PUT', '/tenants/org-b', { name: 'B' }, as(bound));
    assert.is(refused.status, 403);
    assert.is((await post('/keys', { name: 'x', role: 'viewer' })).status, 401);
    await send('PUT', '/tenants/org-b', { name: 'B' }, ADMIN);
    await get('/keys', as(bound));
    assert.is((await fetch(`${api.url}/keys`, { method: 'HEAD' })).status, 401, 'a HEAD is no write');
    const events = await eventually(async () => {
      const { body } = await get('/audit?kind=write&limit=6', ADMIN);
      return body.events[0]?.operation === 'put-tenant' && body.events[0].outcome === 'OK' ? body.events : null;
    });
    const who = `of the tenant (ck_${bound.split('_')[1]})`;
    assert.equal(
      events.map((event: Record<string, unknown>) => [
        event.operation,
        event.outcome,
        event.actor,
        event.actorKind,
        event.tenant,
      ]),
      [
        ['put-tenant', 'OK', 'administrator', 'token', 'org-b'],
        ['create-key', 'UNAUTHORIZED', null, null, null],
        ['put-tenant', 'FORBIDDEN', who, 'key', 'org-a'],
        ['revoke-key', 'OK', who, 'key', 'org-a'],
        ['create-key', 'OK', who, 'key', 'org-a'],
        ['create-key', 'OK', 'administrator', 'token', 'org-a'],
      ],
      name,
    );
    assert.equal(events[2].target, { id: 'org-b' });
    assert.is(events[2].requestId, refused.body.requestId, 'the event and the answer have one id');
    assert.equal(events[3].target, { id: made.id });
    assert.equal(events[4].target, { made: made.id, name: 'made' });
    assert.not.match(JSON.stringify(events), new RegExp(made.key));
  }
});

interface Shown {
  readonly outcome: string;
}

test('strangers are told of as long as they are few: they cannot fill the table, nor crowd others out', async (context) => {
  const [{ store } = context.dbs[0] as Database] = context.dbs;
  const api = await serve(context, store);
  const { post, get } = caller(api.url);
  const from = new Date().toISOString();
  for (let n = 0; n < 30; n++) {
    const answers = await Promise.all([1, 2, 3, 4, 5].map(() => post('/keys', { n })));
    assert.ok(answers.every(({ status }) => status === 401));
  }
  await keyOf(api, {});
  const events = async (query: string) => (await get(`/audit?from=${from}&limit=200${query}`, ADMIN)).body.events;
  // It waits behind them to be written.
  await eventually(async () => ((await events('')).some(({ outcome }: Shown) => outcome === 'OK') ? true : null));
  const strangers = (await events('')).filter(({ outcome }: Shown) => outcome === 'UNAUTHORIZED');
  assert.ok(strangers.length > 0 && strangers.length <= 100, `${strangers.length} events`);
});

test('the audit is read page by page, by its filters, and by a tenant its own only', async (context) => {
  for (const { store, name } of context.dbs) {
    const api = await serve(context, store);
    const { get, send } = caller(api.url);
    for (let i = 0; i < 5; i++) await send('PUT', `/tenants/org-page-${i % 2}`, { name: 'Page' }, ADMIN);
    const at = (query: string, headers = ADMIN) => get(`/audit?${query}`, headers);
    await eventually(async () => ((await at('tenant=org-page-0')).body.events.length === 3 ? true : null));
    const first = (await at('tenant=org-page-0&limit=2')).body;
    const second = (await at(`tenant=org-page-0&limit=2&cursor=${first.nextCursor}`)).body;
    assert.equal([first.events.length, second.events.length, second.nextCursor], [2, 1, null], name);
    const times = [...first.events, ...second.events].map(({ time }) => time);
    assert.equal(times, times.toSorted().reverse());
    assert.is((await at(`tenant=org-page-0&from=${times[0]}`)).body.events.length, 1);
    assert.is((await at(`tenant=org-page-0&to=${times[0]}`)).body.events.length, 2);
    assert.is((await at('tenant=org-page-0&kind=denied')).body.events.length, 0);
    assert.is((await at('tenant=org-page-0&actor=nobody')).body.events.length, 0);
    const own = await keyOf(api, { tenant: 'org-page-1' });
    const seen = (await at('limit=200', as(own))).body.events;
    assert.ok(seen.length >= 2 && seen.every(({ tenant }: { tenant: string }) => tenant === 'org-page-1'));
    const foreign = (await at('tenant=org-page-0', as(own))).body;
    assert.equal(foreign, (await at('tenant=org-nobody', as(own))).body);
    assert.equal(foreign.events, []);
    for (const query of ['limit=0', 'limit=201', 'limit=x', 'kind=x', 'from=x', 'cursor=x', 'cursor=MTIz']) {
      assert.is((await at(query)).status, 400, query);
    }
  }
});

test('what no database can hold is asked for in vain, and takes none for one that is down', async (context) => {
  const cursor = Buffer.from('0000-01-01T00:00:00.000Z 00000000-0000-0000-0000-000000000000').toString('base64url');
  const asked = {
    '/audit?actor=%00': 200,
    '/audit?tenant=%00': 200,
    '/audit?from=0000-01-01T00:00:00Z': 200,
    '/audit?from=9999-12-31T23:59:59-23:59': 200,
    '/audit?to=0001-01-01T00:00:00%2B23:59': 200,
    [`/audit?cursor=${cursor}`]: 400,
    [`/keys?cursor=${cursor}`]: 400,
    '/tenants?cursor=%00': 200,
    '/tenants?cursor=a%22),id.gt.(%22': 200,
  };
  for (const { store, name } of context.dbs) {
    const { get } = caller((await serve(context, store)).url);
    for (const [path, status] of Object.entries(asked)) {
      assert.is((await get(path, ADMIN)).status, status, `${name} ${path}`);
    }
    assert.equal(await store.listLines({ runId: 'r', activity: '\0', after: 0, atMost: 1 }), [], name);
  }
});

test('ADM-11: 1,000 starts of one tenant are 429 with Retry-After beyond its limit; those of another all pass', async (context) => {
  const [{ store } = { store: null }] = context.dbs;
  if (!store) throw new Error('no database');
  const api = await serve(context, store, { starts: 20 });
  const [flood, other] = [await keyOf(api, { tenant: 'org-flood' }), await keyOf(api, { tenant: 'org-other' })];
  const start = (key: string) => caller(api.url).post('/workflows/nothing/run', {}, as(key));
  const began = performance.now();
  const flooding = Promise.all(Array.from({ length: 1000 }, () => start(flood)));
  const calm = await Promise.all(Array.from({ length: 10 }, () => start(other)));
  const answers = await flooding;
  const seconds = Math.ceil((performance.now() - began) / 1000) + 1;
  const refused = answers.filter(({ status }) => status === 429);
  assert.ok(refused.length >= 1000 - 20 * seconds, `${refused.length} of 1000 refused in ${seconds} s`);
  for (const { body, headers } of refused) {
    assert.is(body.code, 'RATE_LIMITED');
    assert.match(headers.get('retry-after') ?? '', /^1$/);
  }
  assert.equal(
    calm.filter(({ status }) => status === 429),
    [],
  );
  // What is no start is counted apart.
  assert.is((await caller(api.url).get('/workflows', as(flood))).status, 200);
});

test('reads and writes have limits of their own, and callers of one tenant share them', async (context) => {
  const [{ store } = { store: null }] = context.dbs;
  if (!store) throw new Error('no database');
  const api = await serve(context, store, { reads: 5, writes: 1000 });
  const keys = [await keyOf(api, { tenant: 'org-x', name: 'one' }), await keyOf(api, { tenant: 'org-x', name: 'two' })];
  const { get, post } = caller(api.url);
  // Within one second, or the counts begin anew.
  const statuses = await Promise.all(Array.from({ length: 60 }, (_, i) => get('/keys', as(keys[i % 2] ?? ''))));
  assert.ok(statuses.filter(({ status }) => status === 429).length >= 40);
  assert.is((await post('/keys', {}, as(keys[0] ?? ''))).status, 400);
});

test('a bearer token of no form is a wrong one, also where the developer needs none', async ({ stand }) => {
  const api = await stand.start({ kind: 'loopback' });
  const { get } = caller(api.url);
  for (const authorization of ['Bearer', 'Bearer a b', 'bearer  a', 'Bearer\ta']) {
    assert.is((await get('/workflows', { authorization })).status, 401, authorization);
  }
  assert.is((await get('/workflows')).status, 200);
});

test('wrong tokens of an address are 429 beyond the limit; good ones from there go on working', async (context) => {
  const [{ store } = { store: null }] = context.dbs;
  if (!store) throw new Error('no database');
  let looks = 0;
  const findApiKey: Store['findApiKey'] = (prefix) => {
    looks++;
    return store.findApiKey(prefix);
  };
  const api = await serve(context, { ...store, findApiKey }, { failures: 10 });
  const key = await keyOf(api, {});
  const { get } = caller(api.url);
  assert.is((await get('/workflows', as(key))).status, 200);
  const guess = (i: number) => `ck_${String(i).padStart(12, '0')}_${'A'.repeat(43)}`;
  const statuses: number[] = [];
  for (let i = 0; i < 15; i++) statuses.push((await get('/workflows', as(guess(i)))).status);
  assert.equal(statuses, [...Array(10).fill(401), ...Array(5).fill(429)]);
  assert.is(looks, 1 + 10, 'guesses beyond the limit cost the database nothing');
  const { headers } = await get('/workflows', as('x'));
  assert.ok(Number(headers.get('retry-after')) > 1);
  // Nor do they as proofs of senders, whom nobody counts.
  const proofs = await serve(context, { ...store, findApiKey });
  for (let i = 20; i < 25; i++) await caller(proofs.url).post('/triggers/none/webhook', {}, as(guess(i)));
  assert.is(looks, 1 + 10);
  assert.is((await get('/workflows', as(key))).status, 200);
  assert.is((await get('/workflows', ADMIN)).status, 200);
  assert.is((await get('/health')).status, 200);
});

test.run();
