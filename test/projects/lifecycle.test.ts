// timeout: 90
/** The life of a project worker: its row, its heartbeat, its start, its stop (PW-1, 2, 5, 6, 19, 20, 23, 24, 25, 37). */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ApiError } from '../../host/error.ts';
import { DEFAULTS } from '../../host/projects/settings.ts';
import type { ProjectStore, WorkerRow } from '../../registry/index.ts';
import { CODE, type Hosted, newProject, openEmbedded, openHosted, QUICK, until } from './hosted.ts';

const open = await openEmbedded();
const test = suite('life of a project worker');
const hosts: Hosted[] = [];
let store: ProjectStore;
/** Transitions that were written, as `from → to`, of every row. */
const seen = new Map<string, string[]>();

/** The store, with each row's statuses written down. */
function recorded(under: ProjectStore): ProjectStore {
  const note = (row: WorkerRow | null): void => {
    if (row === null) return;
    const states = seen.get(row.workerId) ?? [];
    if (states.at(-1) !== row.status) states.push(row.status);
    seen.set(row.workerId, states);
  };
  return {
    ...under,
    insertWorker: async (worker) => {
      const row = await under.insertWorker(worker);
      note(row);
      return row;
    },
    moveWorker: async (...args) => {
      const row = await under.moveWorker(...args);
      note(row);
      return row;
    },
  };
}

async function opened(change: Parameters<typeof openHosted>[1] = {}): Promise<Hosted> {
  const host = await openHosted(store, change);
  hosts.push(host);
  return host;
}

const newest = async (projectId: string): Promise<WorkerRow> => {
  const [row] = await store.listProjectWorkers(projectId, 1);
  if (!row) throw new Error('no row');
  return row;
};

async function refusal(work: Promise<unknown>): Promise<ApiError> {
  return work.then(
    () => {
      throw new Error('it was not refused');
    },
    (error: ApiError) => error,
  );
}

test.before(() => {
  store = recorded(open.store);
});
test.after.each(async () => {
  for (const { workers } of hosts.splice(0)) await workers.close();
});
test.after(async () => {
  await open[Symbol.asyncDispose]();
});

test('PW-1 a start leaves a running row with a heartbeat, and answers what it started', async () => {
  const { workers } = await opened();
  const project = await newProject(store);
  const started = await workers.start(project.id);
  const row = await newest(project.id);
  assert.equal([row.status, row.workerId, row.slot], ['running', started.workerId, 0]);
  assert.ok(row.lastHeartbeat);
  assert.match(row.workerId, new RegExp(`^alpha-${process.pid}-${project.id}-[0-9a-f]{8}$`));
  assert.equal([row.host, row.processId, row.taskQueueName], ['alpha', String(process.pid), project.taskQueueName]);
  assert.equal([started.alreadyRunning, started.workflows, started.taskQueue], [false, 1, project.taskQueueName]);
  const view = await workers.status(project.id);
  assert.equal([view.status, view.isRunning, view.workflows], ['running', true, 1]);
  assert.equal(workers.running(), [project.id]);
  assert.is((await store.getProject(project.id))?.workerDesired, 'running');
});

test('PW-2 starting one that runs succeeds without a second; two starts at once give one', async () => {
  const { workers, launched, knobs } = await opened();
  const project = await newProject(store);
  knobs.beforeLaunch = () => new Promise((resolve) => setTimeout(resolve, 200));
  const both = await Promise.all([workers.start(project.id), workers.start(project.id)]);
  const again = await workers.start(project.id);
  assert.is(launched.length, 1);
  assert.equal(both.map(({ alreadyRunning }) => alreadyRunning).sort(), [false, true]);
  assert.equal([again.alreadyRunning, again.workerId], [true, both[0]?.workerId]);
  assert.is((await store.listProjectWorkers(project.id, 9)).length, 1);
});

test('PW-5 when workflows are active and none loads, the start fails and undoes its steps', async () => {
  const { workers, knobs, launched } = await opened();
  const project = await newProject(store);
  const where = 'email-processor workflow_code 12:7';
  const broken = { code: 'WORKFLOW_SYNTAX', where, found: '"awiat x"', expected: 'valid TypeScript', workflowId: 'w' };
  knobs.load = async () => ({ ...CODE, workflows: [], errors: [broken] });
  const error = await refusal(workers.start(project.id));
  assert.equal([error.code, error.details.where], ['WORKFLOW_SYNTAX', where]);
  const row = await newest(project.id);
  assert.is(row.status, 'failed');
  assert.match(String(row.metadata.error), /email-processor workflow_code 12:7: found "awiat x"/);
  assert.is(launched.length, 0);
  const [lease] = await store.listLeases(`project/${project.id}/`);
  assert.is(lease?.holder, null);
  assert.equal((await workers.status(project.id)).lastError?.code, 'WORKFLOW_SYNTAX');
  // Its siblings do not stop it.
  knobs.load = async () => ({ ...CODE, errors: [broken] });
  const started = await workers.start(project.id);
  assert.equal(started.warnings, [broken]);
  assert.equal((await newest(project.id)).metadata.load_errors, [
    {
      workflowId: 'w',
      componentId: null,
      code: 'WORKFLOW_SYNTAX',
      message: `${where}: found "awiat x", expected valid TypeScript`,
    },
  ]);
});

test('PW-5 a launch that fails leaves the row failed, the lease free, and no text of the host in the answer', async () => {
  const { workers, knobs } = await opened();
  const project = await newProject(store);
  knobs.beforeLaunch = () => Promise.reject(new Error('ENOENT /secret/path/of/the/host'));
  const error = await refusal(workers.start(project.id));
  assert.is(error.code, 'WORKER_FAILED');
  assert.not.match(error.message, /secret/);
  const row = await newest(project.id);
  assert.equal([row.status, row.lastHeartbeat, row.metadata.phase], ['failed', null, 'starting']);
  assert.match(String(row.metadata.error), /secret/);
  assert.not.match(JSON.stringify(await workers.status(project.id)), /secret/);
  assert.is((await store.listLeases(`project/${project.id}/`))[0]?.holder, null);
});

test('PW-6 a project without workflows starts', async () => {
  const { workers, knobs } = await opened();
  const project = await newProject(store);
  const warning = { code: 'NO_COMPILED_WORKFLOWS', where: 'project', found: 'no workflow', expected: 'one' };
  knobs.load = async () => ({ ...CODE, workflows: [], warnings: [warning] });
  const started = await workers.start(project.id);
  assert.equal([started.workflows, started.warnings], [0, [warning]]);
  assert.is((await newest(project.id)).status, 'running');
});

test('unknown, switched off and badly named projects are refused before anything is written', async () => {
  const { workers } = await opened();
  const missing = await refusal(workers.start('6f1b2c3d-0000-4000-8000-000000000000'));
  assert.equal([missing.code, missing.status], ['PROJECT_NOT_FOUND', 404]);
  const project = await newProject(store);
  await store.changeProject(project.id, { isActive: false });
  const inactive = await refusal(workers.start(project.id));
  assert.equal([inactive.code, inactive.status], ['PROJECT_INACTIVE', 500]);
  assert.is((await store.listProjectWorkers(project.id, 1)).length, 0);
  const view = await workers.status(project.id);
  assert.equal([view.status, view.isRunning, view.isHealthy], ['stopped', false, false]);
});

test('PW-19 heartbeats are written in their interval with figures; health ends when they do', async () => {
  assert.equal([DEFAULTS.heartbeatMs, DEFAULTS.staleMs], [30_000, 60_000]);
  const { workers } = await opened();
  const project = await newProject(store);
  await workers.start(project.id);
  const first = await newest(project.id);
  const later = await until(async () => {
    const row = await newest(project.id);
    return row.lastHeartbeat !== first.lastHeartbeat && row;
  }, 'a second beat');
  assert.ok(later.updatedAt && first.updatedAt && later.updatedAt > first.updatedAt);
  const stats = later.metadata.stats as Record<string, number>;
  assert.equal([stats.workflows, stats.codeLoadMs], [1, 3]);
  for (const name of ['uptimeSec', 'heartbeatLatencyMs', 'memoryMb', 'cpuPercent']) assert.type(stats[name], 'number');
  const old = new Date(Date.now() - QUICK.staleMs - 1).toISOString();
  const { viewOf } = await import('../../host/projects/view.ts');
  const fresh = new Date(Date.now() - QUICK.staleMs / 2).toISOString();
  assert.is(viewOf(project, [{ ...later, lastHeartbeat: old }], [], QUICK).isHealthy, false);
  assert.is(viewOf(project, [{ ...later, lastHeartbeat: null }], [], QUICK).isHealthy, false);
  assert.is(viewOf(project, [{ ...later, lastHeartbeat: fresh }], [], QUICK).isHealthy, true);
});

test('a heartbeat that cannot be written stops nothing; a row that is gone is written anew', async () => {
  const { workers, told } = await opened();
  const project = await newProject(store);
  const { workerId } = await workers.start(project.id);
  await open.client.from('workflow_workers').delete().eq('worker_id', workerId);
  const row = await until(async () => (await store.listProjectWorkers(project.id, 1))[0], 'a new row');
  assert.is(row.status, 'running');
  assert.not.equal(row.workerId, workerId);
  assert.equal(told('heartbeat_failed')[0]?.code, 'HEARTBEAT_ROW_LOST');
  assert.equal(workers.running(), [project.id]);
});

test('PW-23 a stop lets what runs end, with heartbeats meanwhile, and leaves stopped with its time', async () => {
  const { workers, launched } = await opened();
  const project = await newProject(store);
  await workers.start(project.id);
  const drained = launched[0]?.hold();
  const stop = workers.stop(project.id);
  await launched[0]?.asked;
  const draining = await newest(project.id);
  assert.equal([draining.status, draining.stoppedAt], ['stopping', null]);
  await until(async () => (await newest(project.id)).lastHeartbeat !== draining.lastHeartbeat, 'a beat while draining');
  drained?.();
  assert.equal(await stop, { projectId: project.id, accepted: false, workerId: draining.workerId, warnings: [] });
  const row = await newest(project.id);
  assert.is(row.status, 'stopped');
  assert.ok(row.stoppedAt);
  assert.is((await store.getProject(project.id))?.workerDesired, 'stopped');
  assert.is((await store.listLeases(`project/${project.id}/`))[0]?.holder, null);
});

test('one that does not drain in time is cut off and ends as failed, forced', async () => {
  const { workers, launched } = await opened({ forceMs: 1 });
  const project = await newProject(store);
  await workers.start(project.id);
  launched[0]?.hold();
  await workers.stop(project.id);
  const row = await newest(project.id);
  assert.equal([row.status, row.metadata.error, row.metadata.phase], ['failed', 'forced', 'stopping']);
});

test('PW-24 stopping one that does not run succeeds', async () => {
  const { workers } = await opened();
  const project = await newProject(store);
  assert.is((await workers.stop(project.id)).accepted, false);
  await workers.start(project.id);
  await workers.stop(project.id);
  assert.is((await workers.stop(project.id)).accepted, false);
});

test('a stop that comes while the start is under way holds: nothing starts it again', async () => {
  const { workers } = await opened();
  const project = await newProject(store);
  await Promise.all([workers.start(project.id), workers.stop(project.id)]);
  assert.is((await store.getProject(project.id))?.workerDesired, 'stopped');
  await workers.pass();
  assert.not.ok(workers.running().includes(project.id));
  assert.is((await newest(project.id)).status, 'stopped');
});

test('a restart that lost its lease meanwhile writes no row above that of the new holder', async () => {
  const { workers } = await opened({ restartPauseMs: 400, leaseRenewMs: 50 });
  const project = await newProject(store);
  const { workerId } = await workers.start(project.id);
  const restarted = refusal(workers.restart(project.id));
  await until(async () => (await newest(project.id)).status === 'stopped', 'it has stopped');
  const [lease] = await store.listLeases(`project/${project.id}/`);
  const [now, expiresAt] = [0, 60_000].map((ms) => new Date(Date.now() + ms).toISOString()) as [string, string];
  const { resource, holder, fence } = lease as NonNullable<typeof lease>;
  await store.releaseLease({ resource, holder: holder ?? '', fence, now });
  const taken = await store.acquireLease({ resource, holder: 'beta', host: 'beta', now, expiresAt });
  assert.is((await restarted).code, 'LEASE_LOST');
  assert.is((await newest(project.id)).workerId, workerId);
  await store.releaseLease({ resource, holder: 'beta', fence: taken?.fence ?? 0, now });
});

test('PW-25 a restart stops, waits 1000 ms and starts, with the lease held throughout', async () => {
  assert.is(DEFAULTS.restartPauseMs, 1000);
  const { workers, launched, told } = await opened();
  const project = await newProject(store);
  const before = await workers.start(project.id);
  const [held] = await store.listLeases(`project/${project.id}/`);
  const after = await workers.restart(project.id);
  const [still] = await store.listLeases(`project/${project.id}/`);
  assert.not.equal(after.workerId, before.workerId);
  assert.equal([still?.holder, still?.fence], [held?.holder, held?.fence]);
  assert.equal([launched.length, launched[0]?.isOver, launched[1]?.isOver], [2, true, false]);
  const rows = await store.listProjectWorkers(project.id, 9);
  assert.equal(
    rows.map(({ status }) => status),
    ['running', 'stopped'],
  );
  const [stopped, started] = [rows[1]?.stoppedAt, rows[0]?.startedAt].map((time) => Date.parse(time ?? ''));
  assert.ok((started ?? 0) - (stopped ?? 0) >= QUICK.restartPauseMs - 5);
  assert.is(told('worker_restarted').length, 1);
});

test('a restart of one that does not run is a start; one whose start fails answers with its error', async () => {
  const { workers, knobs } = await opened();
  const project = await newProject(store);
  await workers.restart(project.id);
  knobs.beforeLaunch = () => Promise.reject(new Error('no'));
  assert.is((await refusal(workers.restart(project.id))).code, 'WORKER_FAILED');
  assert.equal(workers.running(), []);
  knobs.beforeLaunch = async () => undefined;
  assert.is((await workers.start(project.id)).alreadyRunning, false);
});

test('a reload reads the code anew and stops nothing', async () => {
  const { workers, knobs, launched, told } = await opened();
  const project = await newProject(store);
  await workers.start(project.id);
  const [one] = CODE.workflows;
  const digest = 'sha256:1';
  knobs.load = async () => ({ ...CODE, workflows: one ? [{ ...one, digest }] : [] });
  const reloaded = await workers.reload({ projectId: project.id });
  assert.is(reloaded.workflows[0]?.digest, digest);
  assert.is(launched.length, 1);
  assert.equal(told('worker_reloaded')[0]?.digests, [{ name: 'email-processor', digest }]);
});

test('start, restart and reload of a worker that runs tell what is wrong with the code as it is now', async () => {
  const { workers, knobs, launched } = await opened();
  const project = await newProject(store);
  await workers.start(project.id);
  const broken = { code: 'COMPILED_NOT_JSON', where: 'w', found: 'text', expected: 'JSON', workflowId: 'w' };
  const warning = { code: 'NOT_RECOMPILED', where: 'w', found: 'old code', expected: 'new', workflowId: 'v' };
  knobs.load = async () => ({ ...CODE, errors: [broken], warnings: [warning] });
  assert.equal((await workers.start(project.id)).warnings, [broken, warning]);
  assert.is(launched.length, 1);
  assert.equal((await workers.reload({ projectId: project.id })).warnings, [broken, warning]);
  assert.equal((await workers.restart(project.id)).warnings, [broken, warning]);
});

test('what a project is changed to counts for its worker at once, before the monitor looks', async () => {
  const { workers, launched } = await opened();
  const project = await newProject(store);
  await workers.start(project.id);
  const changed = await store.changeProject(project.id, { activities: 'latest' });
  if (changed === null) throw new Error('no row');
  workers.follow(changed);
  assert.is(launched[0]?.project.activities, 'latest');
});

test('HOST_FULL: a host takes no more projects than it may', async () => {
  const { workers } = await opened({ maxProjects: 1 });
  const [one, two] = [await newProject(store), await newProject(store)];
  await workers.start(one.id);
  const error = await refusal(workers.start(two.id));
  assert.equal([error.code, error.status], ['HOST_FULL', 503]);
  await workers.stop(one.id);
  assert.is((await workers.start(two.id)).alreadyRunning, false);
});

test('a host that is closed marks its rows stopped, gives leases back, keeps what is wanted, and starts nothing', async () => {
  const { workers, told } = await opened();
  const projects = [await newProject(store), await newProject(store)];
  for (const { id } of projects) await workers.start(id);
  await workers.close();
  for (const { id } of projects) {
    assert.is((await newest(id)).status, 'stopped');
    assert.is((await store.getProject(id))?.workerDesired, 'running');
  }
  assert.equal(
    (await store.listLeases('project/')).filter(({ holder }) => holder !== null),
    [],
  );
  const error = await refusal(workers.start(projects[0]?.id ?? ''));
  assert.equal([error.code, error.status], ['SHUTTING_DOWN', 503]);
  assert.equal([told('shutdown_started').length, told('shutdown_finished').length], [1, 1]);
  for (const { id } of projects) await store.changeProject(id, { workerDesired: 'stopped' });
});

test('PW-37 the start is told as JSON with level, project, worker and workflows', async () => {
  const { workers, told } = await opened();
  const project = await newProject(store);
  const { workerId } = await workers.start(project.id);
  const [line] = told('worker_started');
  assert.equal([line?.level, line?.projectId, line?.workerId], ['info', project.id, workerId]);
  assert.equal([line?.workflows, line?.activities, line?.codeLoadMs, line?.host], [1, 0, 3, 'alpha']);
  assert.is(line?.taskQueue, project.taskQueueName);
  assert.type(line?.time, 'number');
  for (const event of ['worker_starting', 'worker_running']) assert.is(told(event).length, 1, event);
  assert.is(told('lease_acquired').filter(({ projectId }) => projectId === project.id).length, 1);
  await workers.stop(project.id);
  for (const event of ['stop_requested', 'worker_stopped']) assert.is(told(event).length, 1, event);
});

test('PW-20 rows took the transitions of the specification and no other', () => {
  const next: Readonly<Record<string, readonly string[]>> = {
    starting: ['running', 'failed'],
    running: ['stopping', 'failed'],
    stopping: ['stopped', 'failed'],
    stopped: [],
    failed: [],
  };
  assert.ok(seen.size > 20);
  for (const states of seen.values()) {
    for (const [n, state] of states.entries()) {
      const to = states[n + 1];
      if (to !== undefined) assert.ok(next[state]?.includes(to), states.join(' → '));
    }
  }
  const paths = new Set([...seen.values()].map((states) => states.join(' ')));
  assert.ok(paths.has('starting running stopping stopped'));
  assert.ok(paths.has('starting failed'));
  assert.ok(paths.has('starting running stopping failed'));
});

test.run();
