// timeout: 90
/** Workers that fail: what their rows say, and when they are started again by themselves (PW-21, 22). */
import { TransportError } from '@temporalio/worker';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { restartAfter, restartOf } from '../../host/projects/restarts.ts';
import { DEFAULTS } from '../../host/projects/settings.ts';
import type { WorkerRow } from '../../registry/index.ts';
import { CODE, type Hosted, newProject, openEmbedded, openHosted, until } from './hosted.ts';

const open = await openEmbedded();
const { store } = open;
const test = suite('crash of a project worker');
const hosts: Hosted[] = [];

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

const inState = (projectId: string, status: string) =>
  until(async () => {
    const row = await newest(projectId);
    return row.status === status && row;
  }, status);

test.after.each(async () => {
  for (const { workers } of hosts.splice(0)) await workers.close();
  for (const { id } of await store.listWantedProjects()) await store.changeProject(id, { workerDesired: 'stopped' });
});
test.after(async () => {
  await open[Symbol.asyncDispose]();
});

test('PW-21 a crash leaves its row failed with error and stack, frees the lease, and leaves others alone', async () => {
  const { workers, launched, told } = await opened();
  const [one, two] = [await newProject(store), await newProject(store)];
  await workers.start(one.id);
  await workers.start(two.id);
  launched[0]?.crash(new TransportError('connection to Temporal is gone'));
  const row = await inState(one.id, 'failed');
  assert.ok(row.stoppedAt);
  assert.is(row.lastHeartbeat, null);
  const { error, stack, code, phase, occurredAt } = row.metadata;
  assert.equal([error, code, phase], ['connection to Temporal is gone', 'TEMPORAL_CONNECTION_LOST', 'running']);
  assert.match(String(stack), /crash\.test\.ts/);
  assert.ok(occurredAt);
  assert.is((row.metadata.restart as { attempt: number }).attempt, 1);
  await until(async () => (await store.listLeases(`project/${one.id}/`))[0]?.holder === null, 'a free lease');
  const [line] = told('worker_crashed');
  assert.equal([line?.projectId, line?.code, line?.level], [one.id, 'TEMPORAL_CONNECTION_LOST', 'error']);
  assert.match(JSON.stringify(line?.err), /stack/);
  assert.equal([workers.running(), launched[1]?.isOver], [[two.id], false]);
  const view = await workers.status(one.id);
  assert.equal([view.status, view.isRunning, view.lastError?.code], ['failed', false, 'TEMPORAL_CONNECTION_LOST']);
  assert.not.match(JSON.stringify(view), /is gone|crash\.test/);
  assert.equal(workers.figures().crashes, { TEMPORAL_CONNECTION_LOST: 1 });
});

test('PW-22 it is started again by itself, later each time, and no more when that was often enough', async () => {
  const { workers, launched, told } = await opened();
  const project = await newProject(store);
  workers.startMonitoring();
  await workers.start(project.id);
  const delays: number[] = [];
  for (let n = 0; n < DEFAULTS.restart.limit; n++) {
    launched[n]?.crash(new Error('again'));
    await until(() => launched.length === n + 2, `start ${n + 2}`);
    const rows = await store.listProjectWorkers(project.id, 9);
    const [failed] = rows.filter(({ status }) => status === 'failed');
    const restart = failed && restartOf(failed);
    if (!restart || !('nextAt' in restart)) throw new Error('no restart is planned');
    assert.is(restart.attempt, n + 1);
    delays.push(Date.parse(restart.nextAt) - Date.parse(failed.stoppedAt ?? ''));
    await inState(project.id, 'running');
  }
  launched[DEFAULTS.restart.limit]?.crash(new Error('the last'));
  const row = await inState(project.id, 'failed');
  assert.equal([row.metadata.code, row.metadata.restart, row.metadata.error], ['RESTART_LIMIT', null, 'the last']);
  await new Promise((resolve) => setTimeout(resolve, 700));
  assert.is(launched.length, DEFAULTS.restart.limit + 1, 'it stays failed');
  assert.ok((delays[2] ?? 0) > (delays[0] ?? 0), delays.join());
  assert.is(told('worker_crashed').length, DEFAULTS.restart.limit + 1);
  // A call begins anew.
  await workers.start(project.id);
  launched.at(-1)?.crash(new Error('after a call'));
  await until(() => launched.length === DEFAULTS.restart.limit + 3, 'a start of its own again');
});

test('PW-22 a stop cancels what is pending; a project can be left as it is', async () => {
  const { workers, launched } = await opened({ restart: { ...DEFAULTS.restart, firstMs: 400 } });
  const [one, two] = [await newProject(store), await newProject(store, { autoRestart: false })];
  workers.startMonitoring();
  await workers.start(one.id);
  await workers.start(two.id);
  for (const each of launched) each.crash(new Error('no'));
  await inState(one.id, 'failed');
  assert.is((await inState(two.id, 'failed')).metadata.restart, null);
  await workers.stop(one.id);
  await new Promise((resolve) => setTimeout(resolve, 900));
  assert.is(launched.length, 2);
  assert.is((await newest(one.id)).status, 'failed');
});

test('a start that failed because of the code is tried again when the code changes, and not before', async () => {
  const { workers, knobs, launched } = await opened();
  const project = await newProject(store);
  const workflow = { projectId: project.id, name: 'mail', status: 'active' as const, compiledTypescript: '{' };
  const { id } = await store.saveProjectWorkflow(workflow);
  const broken = { code: 'COMPILED_NOT_JSON', where: 'mail', found: '"{"', expected: 'JSON', workflowId: id };
  let loads = 0;
  knobs.load = async () => {
    loads += 1;
    return { ...CODE, workflows: [], errors: [broken] };
  };
  await workers.start(project.id).catch(() => undefined);
  workers.startMonitoring();
  await new Promise((resolve) => setTimeout(resolve, 700));
  assert.is(loads, 1);
  knobs.load = async () => CODE;
  await store.saveProjectWorkflow({ ...workflow, id, compiledTypescript: '{"workflow_code":"x"}' });
  await inState(project.id, 'running');
  assert.is(launched.length, 1);
});

test('the defaults are those of the specification: 1 s doubling to 60 s, a fifth by chance, 5 in 10 minutes', () => {
  const { restart: rule } = DEFAULTS;
  assert.equal(rule, { firstMs: 1e3, mostMs: 6e4, jitter: 0.2, limit: 5, windowMs: 6e5, healthyMs: 3e5 });
  const now = Date.parse('2026-01-01T12:00:00.000Z');
  const at = (ms: number): string => new Date(now + ms).toISOString();
  const failed = (from: number, to: number, startedBy = 'monitor') =>
    ({ status: 'failed', startedAt: at(from), stoppedAt: at(to), metadata: { startedBy } }) as unknown as WorkerRow;
  const after = (before: WorkerRow[], chance = 0.5, code = 'WORKER_FAILED') => {
    const failure = { code, stamp: '', startedBy: 'monitor' as const, startedAt: at(-500) };
    return restartAfter(failure, { isWanted: true, rule, before, now, chance });
  };
  const delay = (before: WorkerRow[], chance = 0.5, code?: string): number => {
    const { restart } = after(before, chance, code);
    return restart && 'nextAt' in restart ? Date.parse(restart.nextAt) - now : Number.NaN;
  };
  const crashes = (count: number) => Array.from({ length: count }, (_, n) => failed(-2000 * (n + 1), -2000 * n - 1000));
  assert.equal(
    [0, 1, 2, 3, 4].map((count) => delay(crashes(count))),
    [1e3, 2e3, 4e3, 8e3, 16e3],
  );
  assert.equal([delay([], 0), delay([], 1)], [800, 1200]);
  assert.is(after(crashes(5)).code, 'RESTART_LIMIT');
  // Five healthy minutes, ten minutes, and a start by a call end the count.
  assert.is(delay([failed(-301_000, -1_000), ...crashes(5)]), 2e3);
  assert.is(delay([failed(-602_000, -601_000)]), 1e3);
  assert.is(delay([failed(-2000, -1000, 'api'), ...crashes(5)]), 2e3);
  // Temporal being down says nothing of the worker: it is tried for as long as it takes.
  assert.is(delay(crashes(9), 0.5, 'TEMPORAL_UNREACHABLE'), 6e4);
  assert.equal(after([], 0.5, 'WORKFLOW_SYNTAX').restart, { stamp: '' });
});

test.run();
