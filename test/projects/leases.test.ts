// timeout: 120
/** Several hosts over one database, on both databases (PW-30 in part, 31, 32; specification 13). */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ApiError } from '../../host/error.ts';
import { fairShare, hasTooMany } from '../../host/projects/placement.ts';
import { DEFAULTS, type ProjectSettings } from '../../host/projects/settings.ts';
import type { LeaseRow, ProjectRow, ProjectStore, WorkerRow } from '../../registry/index.ts';
import { type Hosted, newProject, openHosted, QUICK, until } from './hosted.ts';
import { openStores, type TestStore } from './stores.ts';

const open = await openStores();
const test = suite('leases of project workers');
const hosts: Hosted[] = [];

async function opened(store: ProjectStore, host: string, change: Partial<ProjectSettings> = {}): Promise<Hosted> {
  const opening = await openHosted(store, { host, ...change });
  hosts.push(opening);
  return opening;
}

/** A store that a host loses sight of, as of a database behind a cut cable. */
function cut(store: ProjectStore): ProjectStore & { isCut: boolean } {
  const state = { isCut: false };
  const methods = Object.entries(store).map(([name, method]) => {
    const call = async (...args: unknown[]): Promise<unknown> => {
      if (state.isCut) throw new Error('no route to the database');
      return (method as (...given: unknown[]) => unknown)(...args);
    };
    return [name, call];
  });
  return Object.assign(state, Object.fromEntries(methods)) as unknown as ProjectStore & { isCut: boolean };
}

const newest = async (store: ProjectStore, projectId: string): Promise<WorkerRow> => {
  const [row] = await store.listProjectWorkers(projectId, 1);
  if (!row) throw new Error('no row');
  return row;
};

const codeOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'not refused',
    (error: ApiError) => error.code,
  );

test.after.each(async () => {
  for (const { workers } of hosts.splice(0)) await workers.close();
  for (const { store } of open.stores) {
    for (const { id } of await store.listWantedProjects()) await store.changeProject(id, { workerDesired: 'stopped' });
  }
});
test.after(async () => {
  await open[Symbol.asyncDispose]();
});

const each = (claim: string, body: (on: TestStore) => Promise<void>): void => {
  for (const on of open.stores) test(`${on.name}: ${claim}`, () => body(on));
};

each('PW-30 of two hosts that start a project at once one has it, and the other says so', async ({ store }) => {
  const [a, b] = [await opened(store, 'alpha'), await opened(store, 'beta')];
  const project = await newProject(store);
  const ends = await Promise.allSettled([a.workers.start(project.id), b.workers.start(project.id)]);
  assert.is(a.launched.length + b.launched.length, 1);
  for (const end of ends) {
    // It was asked while the other one was starting.
    if (end.status === 'rejected') assert.is((end.reason as ApiError).code, 'LEASE_HELD');
  }
  const [here, there] = a.launched.length === 1 ? [a, b] : [b, a];
  const again = await there.workers.start(project.id);
  assert.equal([again.alreadyRunning, again.host], [true, here.workers.host]);
  assert.is((await there.workers.status(project.id)).isRunning, true);
  assert.equal([there.workers.running(), (await there.workers.details()).length], [[], 1]);
});

each('409 LEASE_HELD while the worker starts elsewhere', async ({ store }) => {
  const [a, b] = [await opened(store, 'alpha'), await opened(store, 'beta')];
  const project = await newProject(store);
  const going = Promise.withResolvers<void>();
  a.knobs.beforeLaunch = () => going.promise;
  const start = a.workers.start(project.id);
  await until(async () => (await store.listProjectWorkers(project.id, 1))[0]?.status === 'starting', 'starting');
  assert.is(await codeOf(b.workers.start(project.id)), 'LEASE_HELD');
  going.resolve();
  await start;
});

each('PW-32 with two slots two hosts poll one queue', async ({ store }) => {
  const [a, b] = [await opened(store, 'alpha'), await opened(store, 'beta')];
  const project = await newProject(store, { workerSlots: 2 });
  await a.workers.start(project.id);
  b.workers.startMonitoring();
  await until(() => b.launched.length === 1, 'a second worker');
  const rows = await until(async () => {
    const running = (await store.listProjectWorkers(project.id, 9)).filter(({ status }) => status === 'running');
    return running.length === 2 && running;
  }, 'two rows');
  assert.equal(rows.map(({ slot, host }) => `${slot} ${host}`).sort(), ['0 alpha', '1 beta']);
  assert.equal(new Set(rows.map(({ taskQueueName }) => taskQueueName)), new Set([project.taskQueueName]));
  // A stop is for all of them.
  const { accepted } = await a.workers.stop(project.id);
  assert.is(accepted, false);
  assert.equal(
    (await store.listProjectWorkers(project.id, 9)).map(({ status }) => status),
    ['stopped', 'stopped'],
  );
});

each('stop and restart of a worker elsewhere are done by the host that has it', async ({ store }) => {
  const [a, b] = [await opened(store, 'alpha'), await opened(store, 'beta')];
  a.workers.startMonitoring();
  const project = await newProject(store);
  const before = await a.workers.start(project.id);
  const restarted = await b.workers.restart(project.id);
  assert.is(restarted.accepted, false);
  const row = await newest(store, project.id);
  assert.equal([row.status, row.host], ['running', 'alpha']);
  assert.not.equal(row.workerId, before.workerId);
  assert.is(a.launched.length, 2);
  await new Promise((resolve) => setTimeout(resolve, 3 * QUICK.monitorMs));
  assert.is(a.launched.length, 2, 'a wish is done once');
  a.knobs.beforeLaunch = () => Promise.reject(new Error('no'));
  assert.is(await codeOf(b.workers.restart(project.id)), 'WORKER_FAILED');
  a.knobs.beforeLaunch = async () => undefined;
  await until(async () => (await newest(store, project.id)).status === 'running', 'it is started again');
  assert.is((await b.workers.stop(project.id)).accepted, false);
  assert.equal([a.workers.running(), (await newest(store, project.id)).status], [[], 'stopped']);
});

each('a host that does not answer leaves a stop accepted', async ({ store }) => {
  const [a, b] = [await opened(store, 'alpha'), await opened(store, 'beta', { answerMs: 500 })];
  const project = await newProject(store);
  await a.workers.start(project.id);
  assert.is((await b.workers.stop(project.id)).accepted, true);
  assert.is((await store.getProject(project.id))?.workerDesired, 'stopped');
  await a.workers.pass();
  await until(async () => (await newest(store, project.id)).status === 'stopped', 'the next pass does it');
});

each('PW-30, 31 a host cut off stops its worker before another takes it, and leaves that one be', async ({ store }) => {
  assert.equal([DEFAULTS.leaseTtlMs, DEFAULTS.leaseRenewMs, DEFAULTS.leaseMarginMs], [30_000, 10_000, 5_000]);
  const line = cut(store);
  const [a, b] = [await opened(line, 'alpha'), await opened(store, 'beta')];
  const project = await newProject(store);
  const { workerId } = await a.workers.start(project.id);
  b.workers.startMonitoring();
  line.isCut = true;
  const cutAt = performance.now();
  await a.launched[0]?.asked;
  assert.ok(performance.now() - cutAt <= QUICK.leaseTtlMs - QUICK.leaseMarginMs + 200);
  assert.is(b.launched.length, 0, 'nobody else has it yet');
  const row = await until(async () => {
    const found = await newest(store, project.id);
    return found.status === 'running' && found.host === 'beta' && found;
  }, 'another host has it');
  const adopted = b.told('worker_adopted')[0];
  assert.equal([adopted?.projectId, adopted?.from, adopted?.before], [project.id, 'alpha', workerId]);
  line.isCut = false;
  await until(() => a.told('worker_failed').length > 0, 'it has ended');
  assert.ok(a.told('lease_lost').some(({ projectId }) => projectId === project.id));
  assert.is(a.told('worker_failed')[0]?.code, 'LEASE_LOST');
  await a.workers.pass();
  assert.equal([a.workers.running(), b.workers.running()], [[], [project.id]]);
  const still = await newest(store, project.id);
  assert.equal([still.workerId, still.status], [row.workerId, 'running']);
  assert.ok((still.leaseFence ?? 0) > 1);
  // Its own row is closed when nobody has heard of it for long enough.
  await until(async () => {
    const rows = await store.listProjectWorkers(project.id, 9);
    return rows.find((each) => each.workerId === workerId)?.status === 'failed';
  }, 'the row of before is closed');
});

each(
  'a lease that another host has taken is lost at the next renewal, and no row of its is touched',
  async ({ store }) => {
    const a = await opened(store, 'alpha');
    const project = await newProject(store);
    await a.workers.start(project.id);
    const resource = `project/${project.id}/0`;
    const far = new Date(Date.now() + 60_000).toISOString();
    const taken = await store.acquireLease({ resource, holder: 'beta-1-f', host: 'beta', now: far, expiresAt: far });
    assert.ok(taken);
    await a.launched[0]?.asked;
    await until(() => a.workers.running().length === 0, 'it stops');
    await until(async () => (await newest(store, project.id)).status === 'failed', 'its own row is closed');
    const [lease] = await store.listLeases(resource);
    assert.equal([lease?.holder, lease?.fence], ['beta-1-f', taken?.fence]);
    await store.releaseLease({ resource, holder: 'beta-1-f', fence: taken?.fence ?? 0, now: far });
  },
);

each('a host that joins takes what is free, then as much as the others give', async ({ store }) => {
  const a = await opened(store, 'alpha');
  const projects: ProjectRow[] = [];
  for (let n = 0; n < 4; n++) projects.push(await newProject(store, { name: `p${n}` }));
  for (const { id } of projects) await a.workers.start(id);
  const busy = a.launched[0];
  if (busy) busy.stats = { workflowsCached: 1, activitiesRunning: 0 };
  const b = await opened(store, 'beta');
  a.workers.startMonitoring();
  b.workers.startMonitoring();
  await until(() => a.workers.running().length === 2 && b.workers.running().length === 2, 'two each');
  assert.ok(a.workers.running().includes(busy?.project.id ?? ''), 'one with work stays');
  await new Promise((resolve) => setTimeout(resolve, 4 * QUICK.monitorMs));
  assert.equal([a.workers.running().length, b.workers.running().length], [2, 2]);
  assert.is(a.told('worker_released').length, 2);
});

each('CLOCK_SKEW: a host whose clock is off by more than 5 s does not start', async ({ store, name }) => {
  const at = (seconds: number) => openHosted(store, { host: 'late', now: () => Date.now() + seconds * 1000 });
  if (name === 'embedded') return;
  assert.is(await codeOf(at(7)), 'CLOCK_SKEW');
  assert.is(await codeOf(at(-7)), 'CLOCK_SKEW');
  const warned = await at(3);
  assert.is(warned.told('clock_skew').length, 1);
  await warned.workers.close();
  const fine = await at(0.5);
  assert.is(fine.told('clock_skew').length, 0);
  await fine.workers.close();
});

test('EMBEDDED_SINGLE_HOST: a second host on an embedded database is refused', async () => {
  const [{ store }] = open.stores as [TestStore];
  const own = await openHosted(store, { host: 'alpha', embedded: true });
  assert.is(await codeOf(openHosted(store, { host: 'beta' })), 'EMBEDDED_SINGLE_HOST');
  assert.is(await codeOf(openHosted(store, { host: 'alpha', embedded: true })), 'EMBEDDED_SINGLE_HOST');
  await own.workers.close();
  const next = await openHosted(store, { host: 'alpha', embedded: true });
  await next.workers.close();
  // One that was killed left its lease behind: its process is gone, and the data folder is this one's.
  const soon = new Date(Date.now() + 60_000).toISOString();
  const now = new Date().toISOString();
  const held = { host: 'alpha', holder: 'alpha-4194303-0a0a0a0a', now, expiresAt: soon };
  await store.acquireLease({ ...held, resource: 'embedded' });
  await store.acquireLease({ ...held, resource: 'project/6f1b2c3d-0000-4000-8000-000000000000/0' });
  const after = await openHosted(store, { host: 'alpha', embedded: true });
  assert.equal(
    (await store.listLeases('project/')).filter(({ holder }) => holder === held.holder),
    [],
  );
  await after.workers.close();
});

test('PW-30 the defaults move the projects of a dead host within 45 s', () => {
  // Others look when the last lease of the dead ends, and once more for what is above their part.
  const [lookMs, againMs, startMs] = [50, 1_000, 10_000];
  assert.ok(DEFAULTS.leaseTtlMs + lookMs + againMs + startMs <= 45_000);
  assert.ok(DEFAULTS.monitorMs <= 10_000);
  assert.ok(DEFAULTS.leaseTtlMs - DEFAULTS.leaseMarginMs > 2 * DEFAULTS.leaseRenewMs);
});

test('a host has too many when it is a fifth above the average and somebody could have one more', () => {
  const now = Date.now();
  const sight = (members: number, ...counts: number[]) => {
    const rows = counts.flatMap((count, host) =>
      Array.from({ length: count }, (_, n): [string, LeaseRow] => {
        const resource = `project/${host}-${n}/0`;
        const expiresAt = new Date(now + 1000).toISOString();
        return [resource, { resource, holder: `h${host}`, host: null, fence: 1, renewedAt: null, expiresAt }];
      }),
    );
    return { now, holder: 'h0', host: 'h0', members, leases: new Map(rows) };
  };
  assert.is(hasTooMany(sight(2, 4, 0)), true);
  assert.is(hasTooMany(sight(2, 1, 0)), false);
  assert.is(hasTooMany(sight(2, 2, 1)), false);
  assert.is(hasTooMany(sight(2, 3, 1)), true);
  assert.is(hasTooMany(sight(2, 11, 9)), false);
  assert.is(hasTooMany(sight(1, 9)), false);
  const wanted = Array.from({ length: 5 }, () => ({ workerSlots: 2 }) as ProjectRow);
  assert.equal([fairShare({ wanted, members: 3 }), fairShare({ wanted, members: 1 })], [4, 10]);
});

test.run();
