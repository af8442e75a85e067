// timeout: 200
/** Two real hosts on one PostgreSQL and one Temporal: shared work, one killed, one told to stop (PW-29, 30, 40). */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ProjectRow } from '../../registry/index.ts';
import { newProject, until } from './hosted.ts';
import { type Ground, openGround, type Service } from './service.ts';

const PROJECTS = 4;
const RUNS = 2;
const STEPS = 10;
/** A host that died is stood in for within this time (PW-30). */
const TAKEN_MS = 45_000;
/** Short, but not so short that a busy machine loses one. */
const LEASES = { WORKER_LEASE_TTL_MS: '10000', WORKER_LEASE_RENEW_MS: '1000' };

const CODE = `
import { proxyActivities, sleep } from '@temporalio/workflow';
const { transformData } = proxyActivities({ startToCloseTimeout: '10 seconds' });
export async function count(name) {
  const done = [];
  for (let n = 0; n < ${STEPS}; n++) {
    await sleep(700);
    done.push(await transformData({ data: name + n, transformation: 'uppercase' }));
  }
  return done;
}`;

const ground = await openGround();
const test = suite('hosts of project workers');
if (typeof ground === 'string') console.log(`skipped, without PostgreSQL: ${ground}`);

test.after(async () => {
  if (typeof ground !== 'string') await ground[Symbol.asyncDispose]();
});

const claim = (words: string, body: (ground: Ground) => Promise<void>): void => {
  if (typeof ground !== 'string') test(words, () => body(ground));
};

const projects: ProjectRow[] = [];
let first: Service;
let second: Service;

const running = async (service: Service): Promise<string[]> =>
  (await service.call('/workers')).body.workers as string[];

claim('PW-30 two hosts share the projects that are wanted, each with one of them', async ({ store, start }) => {
  for (let n = 0; n < PROJECTS; n++) {
    const project = await newProject(store, { name: `load ${n}` });
    const compiledTypescript = JSON.stringify({ workflow_code: CODE });
    await store.saveProjectWorkflow({ projectId: project.id, name: 'count', status: 'active', compiledTypescript });
    projects.push(project);
  }
  [first, second] = await Promise.all([start(LEASES), start(LEASES)]);
  for (const { id } of projects) {
    const { status, body } = await first.call('/workers/start', { projectId: id });
    assert.is(status, 200, JSON.stringify(body));
    assert.equal([body.success, body.message], [true, `Worker started for project ${id}`]);
  }
  const shared = async () => {
    const parts = await Promise.all([running(first), running(second)]);
    return parts.every(({ length }) => length === PROJECTS / 2) && parts.flat();
  };
  const all = await until(shared, 'each has its part', 30_000);
  assert.equal(all.sort(), projects.map(({ id }) => id).sort());
});

claim('PW-30 one is killed under load: the other has all its projects, and no run is lost or doubled', async (on) => {
  const { client, store } = on;
  const runs = projects.flatMap(({ taskQueueName: taskQueue }) =>
    Array.from({ length: RUNS }, (_, n) => {
      const name = `${taskQueue}-${n}-`;
      return client.workflow.start('count', { taskQueue, workflowId: name, args: [name] });
    }),
  );
  const handles = await Promise.all(runs);
  // Everybody is at work.
  await until(
    async () => {
      const seen = await Promise.all(handles.map(async (handle) => (await handle.describe()).historyLength));
      return seen.every((length) => length > 20);
    },
    'all runs are under way',
    30_000,
  );
  const orphans = await running(second);
  assert.is(orphans.length, PROJECTS / 2);
  const killedAt = performance.now();
  second.process.kill('SIGKILL');
  await until(async () => (await running(first)).length === PROJECTS, 'the first has all', TAKEN_MS);
  console.log(`taken over within ${Math.round((performance.now() - killedAt) / 1000)} s`);
  for (const id of orphans) {
    assert.is((await first.call(`/workers/status/${id}`)).body.isRunning, true);
  }
  // On a busy machine a lease may have run out before its holder was killed: such a project was taken, not adopted.
  const taken = first.lines.filter(({ event }) => event === 'worker_adopted' || event === 'worker_started');
  assert.equal(
    orphans.filter((id) => !taken.some(({ projectId }) => projectId === id)),
    [],
  );
  const results = await Promise.all(handles.map((handle) => handle.result()));
  for (const [n, handle] of handles.entries()) {
    const expected = Array.from({ length: STEPS }, (_, step) => `${handle.workflowId}${step}`.toUpperCase());
    assert.equal(results[n], expected);
    const { events = [] } = await handle.fetchHistory();
    const completed = events?.filter(({ activityTaskCompletedEventAttributes: done }) => done) ?? [];
    assert.is(completed.length, STEPS, 'each step once');
    assert.is(events?.filter(({ workflowExecutionCompletedEventAttributes: end }) => end).length, 1);
  }
  assert.equal(
    (await store.listWorkers(['failed'])).filter(({ metadata }) => metadata.phase === 'starting'),
    [],
  );
});

claim(
  'PW-29 SIGTERM drains: what runs ends or goes on elsewhere, rows are stopped, leases free, exit 0',
  async (on) => {
    const { client, store, start, serviceKey } = on;
    const [project] = projects;
    if (!project) throw new Error('no project');
    const workflowId = 'over-the-stop';
    const handle = await client.workflow.start('count', {
      ...{ taskQueue: project.taskQueueName, workflowId, args: ['s'] },
    });
    await until(async () => (await handle.describe()).historyLength > 10, 'it is under way', 30_000);
    const since = performance.now();
    first.process.kill('SIGTERM');
    assert.is(await first.ended, 0, first.text());
    assert.ok(performance.now() - since < 45_000);
    const open = await store.listWorkers(['starting', 'running', 'stopping']);
    assert.equal(
      open.filter(({ processId }) => processId === String(first.process.pid)),
      [],
    );
    const stopped = (await store.listWorkers(['stopped'])).filter(
      ({ processId }) => processId === String(first.process.pid),
    );
    assert.ok(stopped.length >= PROJECTS);
    assert.equal(
      (await store.listLeases('project/')).filter(({ holder }) => holder !== null),
      [],
    );
    for (const { id } of projects) assert.is((await store.getProject(id))?.workerDesired, 'running');
    const events = first.lines.map(({ event }) => event);
    assert.ok(events.indexOf('shutdown_started') < events.indexOf('shutdown_finished'));
    // The next host resumes what was wanted, and SIGINT does the same.
    const third = await start(LEASES);
    await until(async () => (await running(third)).length === PROJECTS, 'all are resumed');
    assert.equal(
      await handle.result(),
      Array.from({ length: STEPS }, (_, n) => `S${n}`),
    );
    third.process.kill('SIGINT');
    assert.is(await third.ended, 0, third.text());
    for (const service of [first, second, third]) {
      assert.not.match(service.text(), new RegExp(serviceKey), 'PW-40 no line of a log has the service key');
    }
    const history = JSON.stringify(await handle.fetchHistory());
    assert.not.match(history, new RegExp(serviceKey), 'PW-40 no history has it');
  },
);

test.run();
