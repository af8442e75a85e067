import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from '@supabase/supabase-js';
import { pino } from 'pino';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Audit } from '../../host/audit.ts';
import { type EmbeddedSupabase, startSupabase } from '../../host/embedded/supabase.ts';
import { type Kill, type Origin, Ward } from '../../host/quarantine.ts';
import { openRows } from '../../host/rows.ts';
import { type AuditEvent, createQuarantineJournal, type QuarantineStore, StoreError } from '../../registry/index.ts';
import { temporaryFolder } from '../stand/project.ts';

const log = pino({ level: 'silent' });
const HOUR_MS = 60 * 60 * 1000;
const A = { digest: 'a'.repeat(64), commit: 'a'.repeat(40) };
const B = { digest: 'b'.repeat(64), commit: 'b'.repeat(40) };

interface Context {
  folder: Awaited<ReturnType<typeof temporaryFolder>>;
  db: EmbeddedSupabase;
  stores: () => [string, QuarantineStore][];
}

const test = suite<Context>('the ward');

test.before(async (context) => {
  context.folder = await temporaryFolder('ward');
  context.db = await startSupabase({ dbFile: `${context.folder.path}/db.sqlite` });
  // Each call opens them anew, as a restart does.
  context.stores = () => [
    ['database', openRows(context.db)],
    ['journal', createQuarantineJournal(`${context.folder.path}/quarantine.jsonl`)],
  ];
});
test.after(async ({ db, folder }) => {
  await db.close();
  await folder.remove();
});

/** A host's ward, with the events that it wrote. */
function wardOf(store: QuarantineStore, more: { windowMs?: number; byPlan?: boolean } = {}) {
  const events: AuditEvent[] = [];
  const audit = new Audit({ store: { addAudit: async (some) => void events.push(...some) }, log, gatherMs: 1 });
  const { windowMs = HOUR_MS, byPlan = false } = more;
  const ward = new Ward({ store, audit, log, kills: 3, windowMs, commitOf: byPlan ? null : async () => null });
  const told = async () => {
    await audit.close();
    return events;
  };
  return { ward, told };
}

const kill = (tenant: string | null, origin: Origin = A): Kill => {
  return { tenant, runId: randomUUID(), workflow: 'w', activity: 'a', code: 'SCRIPT_KILLED', ...origin };
};
const newTenant = (): string => `org-${randomUUID()}`;

test('the third kill stops a commit, with one event; other commits and tenants go on', async ({ stores }) => {
  for (const [name, store] of stores()) {
    const { ward, told } = wardOf(store);
    const tenant = newTenant();
    for (let n = 0; n < 3; n++) {
      assert.is(await ward.standing(tenant, A), null, name);
      await ward.blame(kill(tenant));
    }
    const standing = await ward.standing(tenant, A);
    assert.is(standing?.version, `commit:${A.commit}`, name);
    assert.is(standing?.kills, 3, name);
    assert.is(await ward.standing(tenant, B), null, name);
    assert.is(await ward.standing(newTenant(), A), null, name);
    assert.is(await ward.standing(null, A), null, name);
    const events = await told();
    assert.equal(
      events.map(({ kind, code, tenant: whose }) => [kind, code, whose]),
      [['quarantined', 'COMMIT_QUARANTINED', tenant]],
    );
  }
});

test('all workflows of a commit count together; where there is no commit, each plan counts alone', async ({
  stores,
}) => {
  for (const [name, store] of stores()) {
    const tenant = newTenant();
    const { ward } = wardOf(store);
    for (const digest of ['1', '2', '3']) await ward.blame(kill(tenant, { digest, commit: A.commit }));
    assert.ok(await ward.standing(tenant, { digest: '4', commit: A.commit }), name);
    for (const [byPlan, commit] of [
      [true, A.commit],
      [false, null],
    ] as const) {
      const other = newTenant();
      const host = wardOf(store, { byPlan }).ward;
      for (const digest of ['1', '2', '2', '2']) await host.blame(kill(other, { digest, commit }));
      assert.is(await host.standing(other, { digest: '1', commit }), null, name);
      assert.is((await host.standing(other, { digest: '2', commit }))?.version, 'plan:2', name);
    }
  }
});

test('hosts that count at once open one quarantine, and miss none', async ({ db }) => {
  const hosts = Array.from({ length: 6 }, () => wardOf(openRows(db)));
  const tenant = newTenant();
  await Promise.all(hosts.map(({ ward }) => ward.blame(kill(tenant))));
  for (const { ward } of hosts) assert.ok(await ward.standing(tenant, A));
  const events = (await Promise.all(hosts.map(({ told }) => told()))).flat();
  assert.is(events.length, 1);
});

test('three of three kills at once are enough, however they meet', async ({ stores }) => {
  for (const [name, store] of stores()) {
    for (let round = 0; round < 5; round++) {
      const tenant = newTenant();
      const { ward } = wardOf(store);
      await Promise.all([1, 2, 3].map(() => ward.blame(kill(tenant))));
      assert.ok(await ward.standing(tenant, A), name);
    }
  }
});

test('what is stopped, and what was counted, survives a restart', async ({ stores }) => {
  const tenant = newTenant();
  const other = newTenant();
  for (const [, store] of stores()) {
    const { ward } = wardOf(store);
    for (let n = 0; n < 3; n++) await ward.blame(kill(tenant));
    for (let n = 0; n < 2; n++) await ward.blame(kill(other));
  }
  for (const [name, store] of stores()) {
    const { ward } = wardOf(store);
    assert.ok(await ward.standing(tenant, A), name);
    assert.is(await ward.standing(other, A), null, name);
    await ward.blame(kill(other));
    assert.ok(await ward.standing(other, A), name);
  }
});

test('another host notices within a second or two', async ({ db }) => {
  const tenant = newTenant();
  const [one, other] = [wardOf(openRows(db)).ward, wardOf(openRows(db)).ward];
  assert.is(await other.standing(tenant, A), null);
  for (let n = 0; n < 3; n++) await one.blame(kill(tenant));
  await sleep(1_100);
  assert.ok(await other.standing(tenant, A));
});

test('kills of before the window do not count', async ({ stores }) => {
  for (const [name, store] of stores()) {
    const tenant = newTenant();
    const { ward } = wardOf(store, { windowMs: 300 });
    for (let n = 0; n < 2; n++) await ward.blame(kill(tenant));
    await sleep(400);
    await ward.blame(kill(tenant));
    assert.is(await ward.standing(tenant, A), null, name);
  }
});

test('a release takes effect at once, begins the count anew, and is one event with its author', async ({ stores }) => {
  for (const [name, store] of stores()) {
    const tenant = newTenant();
    const { ward, told } = wardOf(store);
    const id = async () => (await ward.standing(tenant, A))?.id ?? '';
    for (let n = 0; n < 3; n++) await ward.blame(kill(tenant));
    const first = await id();
    const [released, again] = [await ward.release(first, 'ann'), await ward.release(first, 'bob')];
    assert.is(released?.releasedBy, 'ann', name);
    assert.equal(again, released, name);
    assert.is(await ward.standing(tenant, A), null, name);
    for (let n = 0; n < 2; n++) await ward.blame(kill(tenant));
    assert.is(await id(), '', name);
    await ward.blame(kill(tenant));
    assert.is.not(await id(), '', name);
    assert.is.not(await id(), first, name);
    assert.is(await ward.release('0'.repeat(32), 'ann'), null, name);
    const events = await told();
    assert.equal(
      events.map(({ kind, actor }) => [kind, actor]),
      [
        ['quarantined', undefined],
        ['released', 'ann'],
        ['quarantined', undefined],
      ],
    );
  }
});

test('a kill that comes after its release counts for nobody', async ({ db }) => {
  const tenant = newTenant();
  const store = openRows(db);
  const { ward } = wardOf(store);
  for (let n = 0; n < 3; n++) await ward.blame(kill(tenant));
  const standing = await ward.standing(tenant, A);
  // One that was read before the release and is written after it.
  await ward.release(standing?.id ?? '', 'ann');
  const late = { id: randomUUID(), time: new Date().toISOString(), version: standing?.version ?? '' };
  for (let n = 0; n < 3; n++) await store.addKill({ ...kill(tenant), ...late, id: randomUUID() }, 0);
  await ward.blame(kill(tenant));
  assert.is(await ward.standing(tenant, A), null);
});

test('with the store down nobody learns that code may run; a kill is counted when it is back', async ({ db }) => {
  const rows = openRows(db);
  let down = true;
  const flaky: QuarantineStore = {
    ...rows,
    latestQuarantine: async (tenant, version) => {
      if (down) throw new StoreError('STORE_UNAVAILABLE', 'down');
      return rows.latestQuarantine(tenant, version);
    },
  };
  const { ward } = wardOf(flaky);
  const tenant = newTenant();
  const error = await ward.standing(tenant, A).catch((caught: unknown) => caught);
  assert.instance(error, StoreError);
  const counting = [1, 2, 3].map(() => ward.blame(kill(tenant)));
  await sleep(100);
  down = false;
  assert.is(await ward.standing(tenant, A), null, 'asked again at once');
  await Promise.all(counting);
  await sleep(1_100);
  assert.ok(await ward.standing(tenant, A));
});

test('a database that never answers holds the failure of a script up for two seconds at most', async ({ db }) => {
  const never = () => new Promise<never>(() => undefined);
  const { ward } = wardOf({ ...openRows(db), latestQuarantine: never });
  await ward.blame(kill(newTenant()));
  await ward.close();
});

test('tenants cannot read or change quarantines', async ({ db }) => {
  const anonymous = createClient(db.url, db.anonKey, { auth: { persistSession: false } });
  for (const table of ['cell_kills', 'quarantines', 'audit_events']) {
    const { data } = await anonymous.from(table).select('*');
    assert.equal(data ?? [], [], table);
  }
  await anonymous.from('quarantines').update({ released_at: new Date().toISOString() }).neq('id', '');
  const { ward } = wardOf(openRows(db));
  assert.ok((await ward.list({ standing: true })).length > 0);
});

test.run();
