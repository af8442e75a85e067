// timeout: 90
import { createHash, randomUUID } from 'node:crypto';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type AuditEvent, parseSettings, type Store, StoreError } from '../../registry/index.ts';
import { databases } from './database.ts';

const test = suite<{ owned: AsyncDisposableStack; stores: [string, Store][] }>('tables of access');

const at = (second: number) => new Date(Date.UTC(2026, 0, 2, 3, 4, second, 5)).toISOString();
const key = (more: object = {}) => ({
  id: randomUUID(),
  prefix: randomUUID().slice(0, 8),
  hash: createHash('sha256').update('x').digest('hex'),
  name: 'CI',
  role: 'operator',
  scopes: null,
  tenant: null,
  createdAt: at(0),
  createdBy: 'somebody',
  expiresAt: null,
  ...more,
});
const kept = { revokedAt: null, lastUsedAt: null, replacedBy: null };
const event = (more: Partial<AuditEvent> = {}): AuditEvent => ({
  id: randomUUID(),
  kind: 'write',
  time: at(0),
  tenant: null,
  runId: '',
  workflow: '',
  activity: '',
  digest: '',
  code: 'OK',
  method: 'create-key',
  ...more,
});

test.before(async (context) => {
  context.owned = new AsyncDisposableStack();
  context.stores = (await databases(context.owned)).map(({ name, store }) => [name, store]);
});

test.after(async ({ owned }) => {
  await owned.disposeAsync();
});

test('a key is found by its prefix with its hash, and shown without it', async ({ stores }) => {
  for (const [name, store] of stores) {
    assert.is(await store.hasApiKeys(at(0)), false, name);
    const { hash, ...one } = key({ scopes: ['runs:read', 'runs:write'], tenant: 'org-1', expiresAt: at(9) });
    await store.addApiKey({ ...one, hash });
    assert.equal(await store.findApiKey(one.prefix), { ...one, ...kept, hash }, name);
    assert.equal(await store.getApiKey(one.id), { ...one, ...kept }, name);
    assert.is(await store.findApiKey('nobody'), null, name);
    assert.is(await store.getApiKey(randomUUID()), null, name);
    assert.is(await store.hasApiKeys(at(8)), true, name);
    assert.is(await store.hasApiKeys(at(9)), false, `${name}: an expired key is none`);
    const none = key({ scopes: [] });
    await store.addApiKey(none);
    assert.equal((await store.getApiKey(none.id))?.scopes, [], `${name}: no scope at all is not every scope`);
    assert.is(await store.hasApiKeys(at(9)), true, name);
    await store.noteApiKeyUse(one.id, at(3));
    assert.is((await store.getApiKey(one.id))?.lastUsedAt, at(3), name);
  }
});

test('of several who replace a key one wins, and a revoked key stays revoked as it was', async ({ stores }) => {
  for (const [name, store] of stores) {
    const one = key();
    await store.addApiKey(one);
    const change = () => store.changeApiKey(one.id, { replacedBy: randomUUID(), expiresAt: at(30) });
    const won = (await Promise.all([change(), change(), change()])).filter((each) => each !== null);
    assert.is(won.length, 1, name);
    assert.is(won[0]?.expiresAt, at(30), name);
    await store.revokeApiKey(one.id, at(1));
    await store.revokeApiKey(one.id, at(2));
    assert.is((await store.getApiKey(one.id))?.revokedAt, at(1), name);
    assert.is(await store.changeApiKey(one.id, { revokedAt: at(3) }), null, name);
    const own = key({ tenant: 'org-gone' });
    const other = key({ tenant: 'org-stays' });
    for (const each of [own, other]) await store.addApiKey(each);
    await store.revokeApiKeysOf('org-gone', at(4));
    assert.is((await store.getApiKey(own.id))?.revokedAt, at(4), name);
    assert.is((await store.getApiKey(other.id))?.revokedAt, null, name);
  }
});

test('keys and events are paged newest first, those of one moment neither lost nor doubled', async ({ stores }) => {
  for (const [name, store] of stores) {
    const keys = [1, 1, 1, 2, 3].map((second) => key({ tenant: 'org-page', createdAt: at(second) }));
    for (const each of keys) await store.addApiKey(each);
    const events = [1, 1, 1, 2, 3].map((second) => event({ tenant: 'org-page', time: at(second) }));
    await store.addAudit(events);
    const sorted = (list: readonly { id?: string; time: string }[]) =>
      list
        .toSorted((a, b) => b.time.localeCompare(a.time) || String(b.id).localeCompare(String(a.id)))
        .map(({ id }) => id);
    const pages = async (list: (after?: { time: string; id: string }) => Promise<{ time: string; id: string }[]>) => {
      const seen: string[] = [];
      for (let page = await list(); page.length > 0; page = await list(page.at(-1))) {
        seen.push(...page.map(({ id }) => id));
      }
      return seen;
    };
    const after = (page?: { time: string; id: string }) => ({ ...(page && { after: page }), atMost: 2 });
    const keyPages = await pages(async (page) =>
      (await store.listApiKeys({ tenant: 'org-page', ...after(page) })).map(({ id, createdAt }) => ({
        id,
        time: createdAt,
      })),
    );
    assert.equal(keyPages, sorted(keys.map(({ id, createdAt }) => ({ id, time: createdAt }))), name);
    const eventPages = await pages(async (page) => [
      ...(await store.listAudit({ tenant: 'org-page', ...after(page) })).map(({ id, time }) => ({ id, time })),
    ]);
    assert.equal(eventPages, sorted(events), name);
  }
});

test('events are kept with all that they say, and found by each of it', async ({ stores }) => {
  for (const [name, store] of stores) {
    const about = { actor: 'ci', actorKind: 'key', requestId: randomUUID(), target: { id: '{"a":1}', n: '1' } };
    const write = event({ tenant: 'org-find', time: at(5), ...about });
    const denied = event({ tenant: 'org-find', time: at(7), kind: 'denied', runId: 'r', code: 'TENANT_REFUSED' });
    await store.addAudit([write, denied]);
    const nobody = { actor: null, actorKind: null, requestId: null, target: null };
    const [newest, oldest] = await store.listAudit({ tenant: 'org-find', atMost: 9 });
    assert.equal(oldest, write, name);
    assert.equal(newest, { ...denied, ...nobody }, name);
    const ids = async (query: object) =>
      (await store.listAudit({ tenant: 'org-find', ...query, atMost: 9 })).map(({ id }) => id);
    assert.equal(await ids({ kind: 'write' }), [write.id], name);
    assert.equal(await ids({ actor: 'ci' }), [write.id], name);
    assert.equal(await ids({ from: at(6) }), [denied.id], name);
    assert.equal(await ids({ from: at(5), to: at(7) }), [write.id], name);
    assert.equal(await ids({ to: at(5) }), [], name);
    // What a filter could be made of travels as a value.
    assert.equal(await ids({ actor: 'ci),or(tenant.neq.x' }), [], name);
  }
});

test('what is older than a time is removed, of events and of kills, and nothing younger', async ({ stores }) => {
  for (const [name, store] of stores) {
    const tenant = 'org-prune';
    const of = (year: number) => `${year}-06-01T00:00:00.000Z`;
    await store.addAudit(Array.from({ length: 2500 }, () => event({ tenant, time: of(2020) })));
    await store.addAudit([event({ tenant, time: of(2021) }), event({ tenant, time: of(2022) })]);
    const version = 'commit:a';
    const kill = { tenant, version, runId: 'r', workflow: 'w', activity: 'a', digest: 'd', code: 'SCRIPT_KILLED' };
    for (const year of [2020, 2022]) await store.addKill({ ...kill, id: randomUUID(), time: of(year) }, 0);
    await store.pruneAudit(of(2022));
    assert.equal(
      (await store.listAudit({ tenant, atMost: 9 })).map(({ time }) => time),
      [of(2022)],
      name,
    );
    assert.is(await store.countKills({ tenant, version, epoch: 0, since: of(2019), atMost: 9 }), 1, name);
  }
});

test('tenants are listed and shown with their secrets as they are kept, and removed once', async ({ stores }) => {
  for (const [name, store] of stores) {
    const secrets = { billing: { origin: 'https://x.test', header: 'x-key', value: 'canary-secret' } };
    const settings = parseSettings({ capabilities: ['http'], secrets }, 'org-a');
    for (const id of ['org-b', 'org-a', 'org-c'])
      await store.upsertTenant({ id, name: id, organizationId: id, settings });
    const listed = await store.listTenants({ atMost: 2 });
    assert.equal(
      listed.map(({ id }) => id),
      ['org-a', 'org-b'],
      name,
    );
    assert.equal(
      (await store.listTenants({ after: 'org-b', atMost: 2 })).map(({ id }) => id),
      ['org-c'],
      name,
    );
    assert.not.match(JSON.stringify([listed, await store.showTenant('org-a')]), /canary/);
    assert.is((await store.getTenant('org-a'))?.settings.secrets.billing?.value, 'canary-secret', name);
    assert.is(await store.showTenant('org-z'), null, name);
    assert.equal([await store.deleteTenant('org-a'), await store.deleteTenant('org-a')], [true, false], name);
    assert.is(await store.getTenant('org-a'), null, name);
  }
});

test('texts that look like numbers, truth values or JSON are texts', async ({ stores }) => {
  for (const [name, store] of stores) {
    for (const text of ['123456789012', '1e5', 'true', 'null', '1.50', '{"a":1}', '[1]', 'a"b\\c', 'a,b)', '"q"']) {
      const one = key({ prefix: text, name: text, tenant: text });
      await store.addApiKey(one);
      assert.is((await store.findApiKey(text))?.name, text, `${name} ${text}`);
      assert.equal(
        (await store.listApiKeys({ tenant: text, atMost: 9 })).map(({ id }) => id),
        [one.id],
        `${name} ${text}`,
      );
      await store.addAudit([event({ actor: text, tenant: text })]);
      assert.is((await store.listAudit({ actor: text, tenant: text, atMost: 9 })).length, 1, `${name} ${text}`);
    }
    const settings = parseSettings({}, '123');
    for (const id of ['123', '9.5']) await store.upsertTenant({ id, name: id, organizationId: id, settings });
    assert.is((await store.getTenant('123'))?.name, '123', name);
    assert.equal(
      (await store.listTenants({ after: '123', atMost: 1 })).map(({ id }) => id),
      ['9.5'],
      name,
    );
    assert.is(await store.deleteTenant('123'), true, name);
    await store.deleteTenant('9.5');
    const line = { attempt: 1, seq: 1, time: at(0), level: 'info', message: 'm', data: null } as const;
    await store.addLines([{ ...line, id: randomUUID(), runId: 'run', activity: '12' }]);
    const asked = { runId: 'run', activity: '12', after: 0, atMost: 9 };
    assert.is((await store.listLines(asked)).length, 1, name);
    const kill = { version: 'v', runId: 'r', workflow: 'w', activity: 'a', digest: 'd', code: 'c' };
    await store.addKill({ ...kill, id: randomUUID(), tenant: '123', time: at(0) }, 0);
    assert.is(await store.countKills({ tenant: '123', version: 'v', epoch: 0, since: at(0), atMost: 9 }), 1, name);
  }
});

test('a line of an activity whose id no database takes is kept, with those that are written beside it', async ({
  stores,
}) => {
  for (const [name, store] of stores) {
    const line = { attempt: 1, time: at(0), level: 'info', message: 'm', data: null } as const;
    const of = (runId: string, activity: string) => ({ ...line, id: randomUUID(), seq: 1, runId, activity });
    await store.addLines([of('odd-run', 'step#\0\ud800'), of('even-run', 'step#1')]);
    for (const [runId, activity] of [
      ['odd-run', 'step#\ufffd\ufffd'],
      ['even-run', 'step#1'],
    ] as const) {
      const [found] = await store.listLines({ runId, activity: null, after: 0, atMost: 9 });
      assert.is(found?.activity, activity, name);
    }
  }
});

test('a prefix is of one key', async ({ stores }) => {
  for (const [name, store] of stores) {
    const one = key();
    await store.addApiKey(one);
    const error = await store.addApiKey(key({ prefix: one.prefix })).catch((reason: unknown) => reason);
    assert.instance(error, StoreError, name);
  }
});

test.run();
