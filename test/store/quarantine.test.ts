import { randomUUID } from 'node:crypto';
import { appendFile, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createClient } from '@supabase/supabase-js';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type EmbeddedSupabase, startSupabase } from '../../host/embedded/supabase.ts';
import {
  type CellKill,
  createQuarantineJournal,
  createStore,
  type QuarantineStore,
  StoreError,
} from '../../registry/store/index.ts';
import { openProject } from '../db/project.ts';
import { serveRest } from '../db/rest.ts';

const kill = (more: Partial<CellKill> = {}): CellKill => ({
  id: randomUUID(),
  time: new Date().toISOString(),
  tenant: 'org-1',
  version: 'commit:a',
  runId: 'run',
  workflow: 'w',
  activity: 'a',
  digest: 'd',
  code: 'SCRIPT_KILLED',
  ...more,
});
const last = { runId: 'run', workflow: 'w', activity: 'a', digest: 'd', code: 'SCRIPT_KILLED' };
const since = '2026-01-02T03:04:05.678Z';

const test = suite<{
  dir: string;
  db: EmbeddedSupabase;
  postgres: AsyncDisposableStack;
  stores: [string, QuarantineStore][];
}>('quarantine store');

test.before(async (context) => {
  context.postgres = new AsyncDisposableStack();
  context.dir = await mkdtemp(path.join(tmpdir(), 'cloister-quarantine-'));
  context.db = await startSupabase({ dbFile: path.join(context.dir, 'db.sqlite') });
  const client = createClient(context.db.url, context.db.serviceRoleKey, { auth: { persistSession: false } });
  context.stores = [
    ['database', createStore({ client })],
    ['journal', createQuarantineJournal(path.join(context.dir, 'quarantine.jsonl'))],
  ];
  const project = await openProject();
  // Where no PostgreSQL can be started, the other two have to do.
  if (typeof project === 'string') return;
  context.postgres.use(project);
  const rest = context.postgres.use(await serveRest(project.server));
  const host = createClient(rest.options.url, rest.serviceRoleKey, { auth: { persistSession: false } });
  context.stores.push(['PostgreSQL', createStore({ client: host })]);
});

test.after(async ({ db, dir, postgres }) => {
  await postgres.disposeAsync();
  await db.close();
  await rm(dir, { recursive: true, force: true });
});

test('kills are counted per tenant, version and epoch, within a time, up to a number, each once', async ({
  stores,
}) => {
  for (const [name, store] of stores) {
    const first = kill();
    await store.addKill(first, 0);
    await store.addKill(first, 0);
    await store.addKill(kill(), 0);
    await store.addKill(kill({ tenant: null }), 0);
    await store.addKill(kill({ version: 'commit:b' }), 0);
    await store.addKill(kill(), 1);
    await store.addKill(kill({ time: '2020-01-01T00:00:00.000Z' }), 0);
    const count = (more: object) =>
      store.countKills({ tenant: 'org-1', version: 'commit:a', epoch: 0, since, atMost: 9, ...more });
    assert.is(await count({}), 2, name);
    assert.is(await count({ tenant: null }), 1, name);
    assert.is(await count({ tenant: 'org-2' }), 0, name);
    assert.is(await count({ version: 'commit:b' }), 1, name);
    assert.is(await count({ epoch: 1 }), 1, name);
    assert.is(await count({ since: '2019-01-01T00:00:00.000Z' }), 3, name);
    assert.is(await count({ atMost: 1 }), 1, name);
  }
});

test('of many who open a quarantine one is told that it did', async ({ stores }) => {
  for (const [name, store] of stores) {
    const wanted = { tenant: 'org-race', version: 'commit:a', epoch: 0, since, kills: 3, last };
    const made = await Promise.all(Array.from({ length: 10 }, () => store.addQuarantine(wanted)));
    const [one, ...more] = made.filter((each) => each !== null);
    assert.equal(more, [], name);
    assert.equal(one, { id: one?.id, ...wanted, releasedAt: null, releasedBy: null }, name);
    assert.equal(await store.latestQuarantine('org-race', 'commit:a'), one, name);
    assert.is(await store.latestQuarantine(null, 'commit:a'), null, name);
    assert.is(await store.latestQuarantine('org-race', 'commit:b'), null, name);
  }
});

test('a release is kept as it was first made, and the next quarantine is another', async ({ stores }) => {
  for (const [name, store] of stores) {
    const wanted = { tenant: null, version: 'plan:a', epoch: 0, since, kills: 3, last };
    const made = await store.addQuarantine(wanted);
    const id = made?.id ?? '';
    const by = (who: string) => store.releaseQuarantine(id, { at: new Date().toISOString(), by: who });
    const both = await Promise.all([by('first'), by('second')]);
    assert.equal(both.map((each) => each?.released).sort(), [false, true], name);
    const { quarantine } = (await by('third')) ?? {};
    assert.is(quarantine?.releasedBy, both.find((each) => each?.released)?.quarantine.releasedBy, name);
    assert.is(await store.releaseQuarantine('nobody', { at: since, by: 'x' }), null, name);
    assert.is(await store.addQuarantine(wanted), null, 'that epoch is over');
    const next = await store.addQuarantine({ ...wanted, epoch: 1 });
    assert.is.not(next?.id, id, name);
    assert.equal(await store.latestQuarantine(null, 'plan:a'), next, name);
  }
});

test('lists hold what stands or what was released, newest first, of one tenant if asked', async ({ stores }) => {
  for (const [name, store] of stores) {
    for (const [version, day] of [
      ['x', 1],
      ['y', 3],
      ['z', 2],
    ] as const) {
      const at = `2027-01-0${day}T00:00:00.000Z`;
      await store.addQuarantine({ tenant: 'org-list', version, epoch: 0, since: at, kills: 1, last });
    }
    const list = async (standing: boolean, atMost = 9) =>
      (await store.listQuarantines({ standing, tenant: 'org-list', atMost })).map(({ version }) => version).join('');
    assert.is(await list(true), 'yzx', name);
    assert.is(await list(true, 2), 'yz', name);
    const [newest] = await store.listQuarantines({ standing: true, atMost: 1 });
    assert.is(newest?.version, 'y', name);
    await store.releaseQuarantine(newest?.id ?? '', { at: since, by: 'x' });
    assert.is(await list(true), 'zx', name);
    assert.is(await list(false), 'y', name);
  }
});

test('a journal is what it was after a restart, also when a crash cut off its last line', async ({ dir }) => {
  const file = path.join(dir, 'kept', 'quarantine.jsonl');
  const before = createQuarantineJournal(file);
  await before.addKill(kill(), 1);
  const wanted = { tenant: 'org-1', version: 'commit:a', epoch: 0, since, kills: 3, last };
  const made = await before.addQuarantine(wanted);
  await before.releaseQuarantine(made?.id ?? '', { at: since, by: 'an operator' });
  await appendFile(file, '{"kill":{"id":"half');
  const after = createQuarantineJournal(file);
  await after.addKill(kill(), 1);
  const again = createQuarantineJournal(file);
  assert.is((await again.latestQuarantine('org-1', 'commit:a'))?.releasedBy, 'an operator');
  assert.is(await again.countKills({ tenant: 'org-1', version: 'commit:a', epoch: 1, since, atMost: 9 }), 2);
  assert.is((await stat(file)).mode & 0o077, 0, 'nobody else may read it');
  assert.match(await readFile(file, 'utf8'), 'an operator');
});

test('a store that cannot be reached is STORE_UNAVAILABLE, without its address', async ({ dir }) => {
  const db = await startSupabase({ dbFile: path.join(dir, 'gone.sqlite') });
  const gone = createStore({ client: createClient(db.url, db.serviceRoleKey, { auth: { persistSession: false } }) });
  await db.close();
  // A folder where the file should be.
  for (const store of [gone, createQuarantineJournal(dir)]) {
    for (const work of [() => store.latestQuarantine(null, 'v'), () => store.addKill(kill(), 0)]) {
      const error = await work().catch((caught: unknown) => caught);
      assert.instance(error, StoreError);
      assert.is(error instanceof StoreError && error.code, 'STORE_UNAVAILABLE');
      assert.not.match(String(error), '127.0.0.1');
      assert.not.match(String(error), dir);
    }
  }
});

test.run();
