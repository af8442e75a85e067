// timeout: 90
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { isKeyText, Keys } from '../../host/access/keys.ts';
import type { Api } from '../../host/api/server.ts';
import { type Answer, caller } from '../api/call.ts';
import { type ApiStand, apiStand } from '../api/stand.ts';
import { type Database, databases, embeddedDatabase } from './database.ts';

const TOKEN = 'the-administrators-own-token';
const ADMIN = { authorization: `Bearer ${TOKEN}` };

interface Served {
  readonly db: Database;
  readonly api: Api;
  /** Another host over the same database. */
  readonly other: Api;
}

const test = suite<{ owned: AsyncDisposableStack; stand: ApiStand; served: Served[] }>('API keys');

test.before(async (context) => {
  context.owned = new AsyncDisposableStack();
  context.stand = context.owned.use(await apiStand());
  context.served = [];
  for (const db of await databases(context.owned)) {
    const start = () => {
      const keys = new Keys(db.store);
      return context.stand.start({ kind: 'token', token: TOKEN, keys }, { keys, rows: db.store });
    };
    context.served.push({ db, api: await start(), other: await start() });
  }
});
test.after(async ({ owned }) => {
  await owned.disposeAsync();
});

const as = (key: string) => ({ authorization: `Bearer ${key}` });

async function make({ url }: Api, body: object, headers: Record<string, string> = ADMIN): Promise<Answer['body']> {
  const made = await caller(url).post('/keys', { name: 'test', role: 'viewer', ...body }, headers);
  assert.is(made.status, 201, JSON.stringify(made.body));
  return made.body;
}

async function works({ url }: Api, key: string): Promise<boolean> {
  const { status } = await caller(url).get('/workflows', as(key));
  assert.ok(status === 200 || status === 401, `status ${status}`);
  return status === 200;
}

test('a key is shown once, and only its sha256 is kept', async ({ served }) => {
  for (const { db, api } of served) {
    const made = await make(api, { role: 'operator', scopes: ['runs:read'], tenant: 'org-1' });
    assert.ok(isKeyText(made.key), made.key);
    assert.ok(made.key.startsWith(`ck_${made.prefix}_`));
    const secret = made.key.split('_').slice(2).join('_');
    const shown = [
      await caller(api.url).get('/keys', ADMIN),
      await caller(api.url).get(`/keys/${made.id}`, ADMIN),
      await db.store.findApiKey(made.prefix),
    ];
    assert.ok(!JSON.stringify(shown).includes(secret), db.name);
    const { key: _, ...view } = made;
    assert.equal((await caller(api.url).get(`/keys/${made.id}`, ADMIN)).body, view);
    assert.equal(
      [view.status, view.tenant, view.scopes, view.createdBy],
      ['active', 'org-1', ['runs:read'], 'administrator'],
    );
    assert.is(await works(api, made.key), true, db.name);
  }
});

test('a key with another end, another prefix or none is 401', async ({ served }) => {
  for (const { api } of served) {
    const { key, prefix } = await make(api, {});
    const other = (await make(api, {})).key;
    const end = key.at(-1) === 'A' ? 'B' : 'A';
    const wrong = [
      `${key.slice(0, -1)}${end}`,
      key.toUpperCase(),
      `${key}A`,
      key.slice(0, -1),
      `ck_${prefix}_${other.split('_').slice(2).join('_')}`,
      `ck_${'0'.repeat(12)}_${key.split('_').slice(2).join('_')}`,
    ];
    for (const text of wrong) assert.is(await works(api, text), false, text);
    assert.is(await works(api, key), true);
  }
});

test('a revoked key is 401 at once on the host that was told, and within two seconds on another', async ({
  served,
}) => {
  for (const { api, other } of served) {
    const { key, id } = await make(api, {});
    assert.equal([await works(api, key), await works(other, key)], [true, true]);
    const revoked = await caller(api.url).send('DELETE', `/keys/${id}`, undefined, ADMIN);
    assert.equal([revoked.status, revoked.body.status], [200, 'revoked']);
    assert.is(await works(api, key), false);
    await sleep(2000);
    assert.is(await works(other, key), false);
    const again = await caller(api.url).send('DELETE', `/keys/${id}`, undefined, ADMIN);
    assert.equal([again.status, again.body.revokedAt], [200, revoked.body.revokedAt]);
  }
});

test('an expired key is 401, also where it was known before', async ({ served }) => {
  for (const { api } of served) {
    const { key } = await make(api, { expiresAt: new Date(Date.now() + 1200).toISOString() });
    assert.is(await works(api, key), true);
    await sleep(1300);
    assert.is(await works(api, key), false);
    const past = await caller(api.url).post(
      '/keys',
      { name: 'x', role: 'viewer', expiresAt: '2020-01-01T00:00:00Z' },
      ADMIN,
    );
    assert.equal([past.status, past.body.where], [400, 'body expiresAt']);
  }
});

test('a rotated key ends at once, or after its overlap, and is rotated once', async ({ served }) => {
  for (const { api } of served) {
    const rotate = (id: string, body: object = {}) => caller(api.url).post(`/keys/${id}/rotate`, body, ADMIN);
    const first = await make(api, { role: 'operator', scopes: ['runs:read'], tenant: 'org-1' });
    const second = await rotate(first.id, { overlap: '1h' });
    assert.is(second.status, 201);
    const same = ({ name, role, scopes, tenant }: Answer['body']) => ({ name, role, scopes, tenant });
    assert.equal(same(second.body), same(first));
    assert.equal([await works(api, first.key), await works(api, second.body.key)], [true, true]);
    const old = (await caller(api.url).get(`/keys/${first.id}`, ADMIN)).body;
    assert.is(old.replacedBy, second.body.id);
    assert.ok(Date.parse(old.expiresAt) - Date.now() < 3_600_000);
    assert.equal((await rotate(first.id)).body.code, 'KEY_ENDED');
    const third = await rotate(second.body.id);
    assert.equal([await works(api, second.body.key), await works(api, third.body.key)], [false, true]);
    for (const overlap of ['721h', '0s', 'ever', 5]) assert.is((await rotate(third.body.id, { overlap })).status, 400);
    const raced = await Promise.all([rotate(third.body.id), rotate(third.body.id)]);
    assert.equal(raced.map(({ status }) => status).sort(), [201, 409]);
  }
});

test('a key never gets more than its maker has: role, scope, tenant, time', async ({ served }) => {
  for (const { api } of served) {
    const access = ['access:read', 'access:write'];
    const end = new Date(Date.now() + 3_600_000).toISOString();
    const later = new Date(Date.now() + 7_200_000).toISOString();
    const scoped = (await make(api, { role: 'admin', scopes: [...access, 'runs:read'] })).key;
    const bound = (await make(api, { role: 'admin', tenant: 'org-1' })).key;
    const ending = (await make(api, { role: 'admin', expiresAt: end })).key;
    const developer = (await make(api, { role: 'developer' })).key;
    const attempt = (key: string, body: object) =>
      caller(api.url).post('/keys', { name: 'more', role: 'viewer', ...body }, as(key));
    const refused: [string, object][] = [
      [scoped, { scopes: null }],
      [scoped, { scopes: ['runs:write'] }],
      [bound, { tenant: null }],
      [bound, { tenant: 'org-2' }],
      [ending, { expiresAt: later }],
      [developer, {}],
    ];
    for (const [key, body] of refused) {
      const { status, body: answer } = await attempt(key, body);
      assert.equal([status, answer.code], [403, 'FORBIDDEN'], JSON.stringify(body));
    }
    assert.equal((await attempt(scoped, {})).body.scopes, [...access, 'runs:read'], 'those of its maker');
    assert.is((await attempt(bound, {})).body.tenant, 'org-1');
    assert.is((await attempt(ending, {})).body.expiresAt, end);
    // Nor by taking the place of a key that has more.
    const whole = await make(api, { role: 'admin' });
    for (const key of [scoped, ending]) {
      assert.is((await caller(api.url).post(`/keys/${whole.id}/rotate`, {}, as(key))).status, 403);
    }
    assert.is(await works(api, whole.key), true);
  }
});

test('ADM-08: what a body says of id, hash, status or maker is refused, and none of it is taken', async ({
  served,
}) => {
  for (const { api } of served) {
    for (const extra of [{ id: 'x' }, { hash: 'x' }, { status: 'active' }, { tenantId: 'org-1' }, { createdBy: 'x' }]) {
      const { status, body } = await caller(api.url).post('/keys', { name: 'x', role: 'viewer', ...extra }, ADMIN);
      assert.equal([status, body.code], [400, 'BODY_INVALID'], JSON.stringify(extra));
    }
    for (const bad of [
      { role: 'root' },
      { role: 'toString' },
      { scopes: ['runs:all'] },
      { tenant: '..' },
      { name: 'a\u202eb' },
    ]) {
      const { status } = await caller(api.url).post('/keys', { name: 'x', role: 'viewer', ...bad }, ADMIN);
      assert.is(status, 400, JSON.stringify(bad));
    }
  }
});

test('a caller bound to a tenant sees and ends keys of its own tenant only', async ({ served }) => {
  for (const { api } of served) {
    const mine = await make(api, { role: 'admin', tenant: 'org-mine' });
    const foreign = [await make(api, { tenant: 'org-theirs' }), await make(api, {})];
    const listed = (await caller(api.url).get('/keys?limit=200', as(mine.key))).body.keys;
    assert.equal(
      listed.map(({ id }: { id: string }) => id),
      [mine.id],
    );
    for (const { id, key } of foreign) {
      const calls = [
        ['GET', ''],
        ['DELETE', ''],
        ['POST', '/rotate'],
      ] as const;
      for (const [method, end] of calls) {
        const { status } = await caller(api.url).send(
          method,
          `/keys/${id}${end}`,
          method === 'POST' ? {} : undefined,
          as(mine.key),
        );
        assert.is(status, 404);
      }
      assert.is(await works(api, key), true);
    }
  }
});

test('while the database is down a key is neither let in nor refused for good', async ({ stand, owned }) => {
  const db = await embeddedDatabase(owned);
  const keys = new Keys(db.store, { freshMs: 0 });
  const api = await stand.start({ kind: 'token', token: TOKEN, keys }, { keys, rows: db.store });
  const { key } = await make(api, {});
  assert.is(await works(api, key), true);
  await db.stop();
  const { status, body } = await caller(api.url).get('/workflows', as(key));
  assert.equal([status, body.code], [503, 'STORE_UNAVAILABLE']);
  assert.is((await caller(api.url).get('/workflows', ADMIN)).status, 200);
});

test.run();
