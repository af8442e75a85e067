// timeout: 60
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { pino } from 'pino';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Chore, Chores } from '../../host/chores/index.ts';
import { choreList, choreSettings } from '../../host/chores/list.ts';
import { EnvironmentError, readEnvironment } from '../../host/env.ts';
import { ApiError } from '../../host/error.ts';
import { type Database, databases } from '../access/database.ts';
import { eventually } from '../api/call.ts';
import { repositoryStand } from '../repository/stand.ts';

const test = suite('chores');
const owned = new AsyncDisposableStack();
let bases: readonly Database[];

test.before(async () => {
  bases = await databases(owned);
});
test.after(() => owned.disposeAsync());

const log = pino({ level: 'silent' });
const chore = (id: string, run: Chore['run'], more: Partial<Chore> = {}): Chore => ({
  id,
  description: 'for the test',
  schedule: null,
  scope: 'shared',
  run,
  ...more,
});
/** The same store, a moment later: hosts do not come to a time together. */
const late = (store: Database['store']): Database['store'] => ({
  ...store,
  listChores: async () => {
    await new Promise((resolve) => setTimeout(resolve, 100));
    return store.listChores();
  },
});
/** Two hosts over each database, with the same chore. */
const eachBase = async (
  work: (one: Chores, other: Chores, base: Database, id: string) => Promise<void>,
  made: (id: string) => Chore,
) => {
  for (const base of bases) {
    const id = `chore-${randomUUID()}`;
    const [one, other] = [base.store, late(base.store)].map((store) => new Chores({ chores: [made(id)], store, log }));
    if (one && other) await work(one, other, base, id).finally(() => Promise.all([one.close(), other.close()]));
  }
};
const sweep = async () => 2;
const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'no error',
    (error: unknown) => (error instanceof ApiError ? error.code : error),
  );

test('of several hosts one does what is due, once for each time, and all show how it went', async () => {
  const done: string[] = [];
  const made = (id: string) => {
    const run = async () => String(done.push(id));
    return chore(id, run, { schedule: '* * * * * *' });
  };
  await eachBase(async (one, other, base, id) => {
    const own = () => done.filter((each) => each === id).length;
    const begin = Date.now();
    for (const each of [one, other]) each.start();
    await eventually(async () => (own() >= 3 ? true : null));
    await Promise.all([one.close(), other.close()]);
    const times = Math.floor(Date.now() / 1000) - Math.floor(begin / 1000);
    assert.ok(own() <= times, `${base.name}: ${own()} runs for ${times} times`);
    const [first] = await one.list();
    assert.equal(first?.lastRun, (await other.list())[0]?.lastRun);
    const { outcome, startedBy, error } = first?.lastRun ?? {};
    assert.equal([outcome, startedBy, error], ['succeeded', 'schedule', null]);
  }, made);
});

test('never two of the same at once, here or on another host', async () => {
  const made = (id: string) => {
    const run = (signal: AbortSignal) =>
      new Promise<null>((resolve) => signal.addEventListener('abort', () => resolve(null)));
    return chore(id, run);
  };
  await eachBase(async (one, other, base, id) => {
    const running = one.run(id, 'ann');
    await eventually(async () => ((await other.list())[0]?.running ? true : null));
    assert.is(await codeOf(one.run(id, 'ben')), 'CHORE_BUSY', base.name);
    assert.is(await codeOf(other.run(id, 'ben')), 'CHORE_BUSY', base.name);
    await one.close();
    const { lastRun, running: isRunning } = await running;
    assert.equal([lastRun?.startedBy, isRunning], ['ann', false]);
    assert.is((await other.list())[0]?.running, false, 'the end of the host gives it back');
  }, made);
});

test('a claim whose host is gone lapses, one that is renewed does not', async () => {
  await eachBase(
    async (one, _other, { store, name }, id) => {
      const claimed = (ms: number, version: number) => {
        const claimedUntil = new Date(Date.now() + ms).toISOString();
        return store.putChore({ id, version, claim: randomUUID(), claimedUntil, slot: null, last: null });
      };
      assert.is(await claimed(30_000, 0), true);
      assert.is(await codeOf(one.run(id, 'ann')), 'CHORE_BUSY', name);
      assert.is(await claimed(30_000, 0), false, 'only over the version that was read');
      assert.is(await claimed(-1, 1), true);
      assert.is((await one.run(id, 'ann')).lastRun?.outcome, 'succeeded', name);
    },
    (id) => chore(id, async () => null),
  );
});

test('a failure is an outcome, without the words of what failed', async () => {
  const run = async () => {
    throw new Error('password authentication failed for user "host" at 10.0.0.7');
  };
  const told = async () => {
    throw new ApiError('GIT_FAILED', 'the remote does not answer');
  };
  const chores = new Chores({ chores: [chore('a', run), chore('b', told)], store: null, log });
  const { outcome, error, result } = (await chores.run('a', 'ann')).lastRun ?? {};
  assert.equal([outcome, error, result], ['failed', 'it failed; the log has the cause', null]);
  assert.is((await chores.run('b', 'ann')).lastRun?.error, 'the remote does not answer');
  assert.is(await codeOf(chores.run('c', 'ann')), 'CHORE_NOT_FOUND');
});

test('what a host does for itself is not held up by others', async () => {
  await eachBase(
    async (one, other, { name }, id) => {
      const both = await Promise.all([one.run(id, 'ann'), other.run(id, 'ben')]);
      assert.equal(
        both.map(({ lastRun }) => lastRun?.startedBy),
        ['ann', 'ben'],
        name,
      );
    },
    (id) => chore(id, async () => null, { scope: 'host' }),
  );
});

test('times come from variables, can be off, and are judged at the start', async () => {
  const of = (given: string) => choreSettings(readEnvironment({ CLOISTER_CHORE_RETENTION: given })).retention;
  assert.is(of('*/5 * * * *'), '*/5 * * * *');
  assert.is(of('off'), null);
  assert.throws(
    () => of('every day'),
    (error: unknown) => error instanceof EnvironmentError,
  );
  const chores = new Chores({ chores: [chore('never', async () => null)], store: null, log });
  chores.start();
  assert.is((await chores.list())[0]?.nextRun, null);
  const daily = new Chores({
    chores: [chore('daily', async () => null, { schedule: '23 3 * * *' })],
    store: null,
    log,
  });
  daily.start();
  assert.match(String((await daily.list())[0]?.nextRun), /T03:23:00\.000Z$/);
  await daily.close();
});

test('the repository is synced and cleaned, and each says what it did', async () => {
  const stand = await repositoryStand({ 'workflows/a.yaml': 'id: a' });
  owned.defer(() => stand.close());
  const settings = { ...choreSettings(readEnvironment({})), remote: true };
  const chores = new Chores({
    chores: choreList({ settings, repository: stand.repository(), sweep, rows: null }),
    store: null,
    log,
  });
  const result = async (id: string) => (await chores.run(id, 'ann')).lastRun;
  const first = await stand.publish({ 'workflows/b.yaml': 'id: b' });
  assert.match(String((await result('repo-sync'))?.result), new RegExp(`to ${first}$`));
  assert.is((await result('repo-sync'))?.result, `still at ${first}`);
  const second = await stand.publish({ 'workflows/c.yaml': 'id: c' });
  assert.is((await result('repo-sync'))?.result, `from ${first} to ${second}`);
  assert.is((await result('repo-clean'))?.result, 'removed 0 worktrees and 0 checkouts');
  await rm(stand.bare, { recursive: true });
  assert.is((await result('repo-sync'))?.outcome, 'failed');
});

test('code is swept by one host where they share a database', async () => {
  const settings = choreSettings(readEnvironment({}));
  const of = (rows: Database['store'] | null) => choreList({ settings, repository: null, sweep, rows });
  const scopes = [null, bases[0]?.store ?? null].map((rows) => of(rows).find(({ id }) => id === 'code-sweep')?.scope);
  assert.equal(scopes, ['host', 'shared']);
  const chores = new Chores({ chores: of(null), store: null, log });
  assert.is((await chores.run('code-sweep', 'ann')).lastRun?.result, 'removed 2 bundles and plans');
});

test('retention removes what is old from every table it is about', async () => {
  for (const { store, name } of bases) {
    const settings = { ...choreSettings(readEnvironment({})), auditDays: 30 };
    const chores = new Chores({ chores: choreList({ settings, repository: null, sweep, rows: store }), store, log });
    const [old, now] = [new Date(0).toISOString(), new Date().toISOString()];
    const event = { tenant: 'chores', workflow: '', activity: '', digest: '', code: 'x', method: 'x' };
    await store.addAudit([old, now].map((time) => ({ ...event, time, runId: time })));
    const start = { fingerprint: 'f', workflowId: 'w' };
    for (const createdAt of [old, now]) await store.claimIdempotent({ ...start, id: `chores-${createdAt}`, createdAt });
    assert.is((await chores.run('retention', 'ann')).lastRun?.outcome, 'succeeded', name);
    assert.is(await store.findIdempotent(`chores-${old}`), null, name);
    assert.is((await store.findIdempotent(`chores-${now}`))?.createdAt, now, name);
    const kept = await store.listAudit({ tenant: 'chores', atMost: 10 });
    assert.equal(
      kept.map(({ runId }) => runId),
      [now],
      name,
    );
  }
});

test.run();
