// timeout: 120
/** PW-39: each code of the table of complaints is brought about and shown, over a real database and a real Temporal. */
import { randomUUID } from 'node:crypto';
import { createClient } from '@supabase/supabase-js';
import { Client, Connection } from '@temporalio/client';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { freePort } from '../../host/embedded/port.ts';
import { startSupabase } from '../../host/embedded/supabase.ts';
import { connectOrStart, type Temporal } from '../../host/embedded/temporal.ts';
import { readEnvironment } from '../../host/env.ts';
import { CHECKED } from '../../host/projects/diagnose/complaints.ts';
import type { Sources } from '../../host/projects/diagnose/evidence.ts';
import { type Diagnosis, Doctor } from '../../host/projects/diagnose.ts';
import { TaskQueues } from '../../host/projects/queues.ts';
import { DEFAULTS } from '../../host/projects/settings.ts';
import type { WorkerFigures } from '../../host/projects/types.ts';
import { createStore, type ProjectRow, type WorkerRow } from '../../registry/index.ts';
import { temporaryFolder } from '../stand/project.ts';
import { openCode } from './code/rig.ts';
import { complaintsOf, SHOWN_BY_RUNS, told } from './complaints.ts';

const GOOD = 'export async function emailProcessor() {}';
const HOST = 'alpha';
const owned = new AsyncDisposableStack();
const rig = owned.use(await openCode());
const folder = await temporaryFolder('diagnose');
owned.defer(() => folder.remove());
const { store } = rig;
const test = suite('diagnosis of projects');
const shown = new Set<string>();
let temporal: Temporal;
let client: Client;

test.before(async () => {
  const dbFile = `${folder.path}/temporal.db`;
  temporal = await connectOrStart({ environment: readEnvironment(), dbFile, log: () => undefined });
  owned.defer(() => temporal.close());
  const connection = await Connection.connect({ address: temporal.address });
  owned.defer(() => connection.close());
  client = new Client({ connection, namespace: temporal.namespace });
});
test.after(() => owned.disposeAsync());

const NONE: WorkerFigures = {
  workers: [],
  starts: { ok: 0, failed: 0 },
  crashes: {},
  restarts: 0,
  leasesHeld: 0,
  leasesLost: 0,
};

/** A diagnosis, with sources changed as a case needs it. */
async function diagnose(project: ProjectRow | null, change: Partial<Sources> = {}, isHosts = true): Promise<Diagnosis> {
  const sources: Sources = {
    client,
    temporalAddress: temporal.address,
    store,
    queues: new TaskQueues(change.client ?? client),
    code: rig.code(),
    host: HOST,
    figures: () => NONE,
    settings: DEFAULTS,
    ...change,
  };
  const now = project && (await store.getProject(project.id));
  const diagnosis = await new Doctor(sources).diagnose(now, isHosts);
  for (const code of complaintsOf(diagnosis)) shown.add(code);
  return diagnosis;
}

/** A row of a worker's life. */
function life(project: ProjectRow, more: Partial<WorkerRow> = {}): Promise<WorkerRow> {
  const now = new Date().toISOString();
  return store.insertWorker({
    workerId: randomUUID(),
    projectId: project.id,
    taskQueueName: project.taskQueueName,
    status: 'running',
    host: HOST,
    processId: '1',
    startedAt: now,
    lastHeartbeat: now,
    metadata: {},
    slot: 0,
    leaseFence: 1,
    ...more,
  });
}

/** Figures of a host that runs a worker of the project. */
function running(project: ProjectRow, workerId: string, heartbeatAgeMs = 0): () => WorkerFigures {
  const { id: projectId, taskQueueName: taskQueue } = project;
  const times = { uptimeMs: 1, codeLoadMs: 1, heartbeatLatencyMs: 1, heartbeatAgeMs };
  return () => ({ ...NONE, workers: [{ projectId, workerId, taskQueue, workflows: 1, stats: {}, ...times }] });
}

const LONG_AGO = new Date(Date.now() - 3_600_000).toISOString();

test('a project that is as it should be has every check, in order, and no complaint', async () => {
  const project = await rig.project();
  await rig.workflow(project, 'mails', GOOD);
  const { workerId } = await life(project);
  const { ok, checks } = await diagnose(project, { figures: running(project, workerId) });
  assert.equal(
    checks.filter((check) => !check.ok),
    [],
  );
  assert.is(ok, true);
  assert.equal(
    checks.map(({ code }) => code),
    [...CHECKED],
  );
  assert.equal(checks[0], { code: 'TEMPORAL_UNREACHABLE', ok: true, where: '', found: '', expected: '', hint: '' });
});

test('TEMPORAL_UNREACHABLE names address and cause to the host, and neither to a tenant', async () => {
  const address = `127.0.0.1:${await freePort()}`;
  const connection = Connection.lazy({ address });
  const project = await rig.project();
  const away = { client: new Client({ connection }), temporalAddress: address };
  const found = await diagnose(project, away);
  assert.match(told(found, 'TEMPORAL_UNREACHABLE'), new RegExp(`TEMPORAL_ADDRESS ${address}: found .+`));
  assert.ok(found.checks.find(({ code }) => code === 'TEMPORAL_UNREACHABLE')?.hint);
  assert.ok(complaintsOf(found).includes('NO_COMPILED_WORKFLOWS'), 'and the other checks are made all the same');
  assert.not.match(JSON.stringify(await diagnose(project, away, false)), address);
  await connection.close();
});

test('a database that is away, that refuses the key, and that lacks a migration are told apart', async () => {
  const auth = { persistSession: false };
  const away = createClient(`http://127.0.0.1:${await freePort()}`, 'x', { auth });
  const gone = await diagnose(null, { store: createStore({ client: away }) });
  assert.equal(complaintsOf(gone), ['DATABASE_UNREACHABLE']);

  const whole = await startSupabase({ dbFile: `${folder.path}/whole.sqlite` });
  const stranger = createStore({ client: createClient(whole.url, whole.anonKey, { auth }) });
  const refused = await diagnose(null, { store: stranger });
  assert.equal(complaintsOf(refused), ['DATABASE_FORBIDDEN'], JSON.stringify(refused.checks.slice(0, 4)));
  const key = {
    ...store,
    listActiveWorkflows: () => createStore({ client: lacking(whole) }).listActiveWorkflows(randomUUID()),
  };
  const outdated = await diagnose(null, { store: key });
  assert.equal(complaintsOf(outdated), ['SCHEMA_OUTDATED'], JSON.stringify(outdated.checks.slice(0, 4)));
  assert.match(told(outdated, 'SCHEMA_OUTDATED'), /0009_projects\.sql/);
  await whole.close();
});

/** The database without the tables that are asked for. */
function lacking({ url, serviceRoleKey }: { readonly url: string; readonly serviceRoleKey: string }) {
  const elsewhere: typeof fetch = (input, init) => fetch(String(input).replace('/rest/v1/', '/rest/v1/before_'), init);
  return createClient(url, serviceRoleKey, { auth: { persistSession: false }, global: { fetch: elsewhere } });
}

test('NO_COMPILED_WORKFLOWS and WORKFLOW_INACTIVE say of each workflow which condition fails', async () => {
  const project = await rig.project();
  await store.saveProjectWorkflow({ projectId: project.id, name: 'drawn', status: 'active' });
  const id = await rig.workflow(project, 'idle', GOOD);
  await store.saveProjectWorkflow({ id, projectId: project.id, name: 'idle', status: 'inactive', isActive: false });
  const found = await diagnose(project);
  assert.equal(complaintsOf(found).slice(0, 2), ['NO_COMPILED_WORKFLOWS', 'WORKFLOW_INACTIVE']);
  const words = told(found, 'NO_COMPILED_WORKFLOWS');
  assert.match(words, /"drawn" \(status active, is_active, not compiled\)/);
  assert.match(words, /"idle" \(status inactive, not is_active, compiled\)/);
});

test('TASK_QUEUE_INVALID and TASK_QUEUE_MISMATCH: against the rules, against worker_code, against runs elsewhere', async () => {
  const project = await rig.project();
  const code = { workflow_code: GOOD, worker_code: "Worker.create({ taskQueue: 'other-queue' })" };
  const id = await rig.workflow(project, 'mails', code);
  const named = await diagnose(project);
  assert.match(told(named, 'TASK_QUEUE_MISMATCH'), /worker_code of mails: found "other-queue"/);
  await store.saveProjectWorkflow({
    ...{ id, projectId: project.id, name: 'mails' },
    compiledTypescript: JSON.stringify({ workflow_code: GOOD.replace('emailProcessor', 'strayed') }),
  });
  const workflowId = randomUUID();
  const stray = await client.workflow.start('strayed', { taskQueue: 'nobodys-queue', workflowId });
  const until = performance.now() + 30_000;
  let told1 = '';
  // Temporal's index lags a little.
  while (!told1.includes('nobodys-queue') && performance.now() < until) {
    told1 = told(await diagnose(project), 'TASK_QUEUE_MISMATCH');
  }
  assert.match(told1, /open runs of its workflow types: found "nobodys-queue"/);
  assert.not.match(
    JSON.stringify(await diagnose(project, {}, false)),
    /nobodys-queue/,
    'other queues are not a tenant’s to know',
  );
  await stray.terminate();
  const broken = { ...store, getProject: async () => ({ ...project, taskQueueName: 'billing' }) };
  const { checks } = await new Doctor({
    ...{ client, temporalAddress: temporal.address, store: broken, queues: new TaskQueues(client), code: rig.code() },
    ...{ host: HOST, figures: () => NONE, settings: DEFAULTS },
  }).diagnose({ ...project, taskQueueName: 'billing' }, true);
  shown.add('TASK_QUEUE_INVALID');
  assert.match(told({ checks }, 'TASK_QUEUE_INVALID'), /found "billing", expected a name that is not reserved/);
});

test('COMPILED_NOT_JSON, WORKFLOW_SYNTAX, ACTIVITY_SYNTAX and all else that is wrong with code, with its place', async () => {
  const project = await rig.project();
  await rig.workflow(project, 'torn', { workflow_code: 'export async function torn() { awiat x; }' });
  await rig.workflow(project, 'acting', { workflow_code: GOOD, activities_code: 'export async function send( {' });
  await rig.workflow(project, 'silent', { workflow_code: 'const x = 1;' });
  const { id } = await store.saveProjectWorkflow({ projectId: project.id, name: 'bare', status: 'active' });
  const bare = { id, projectId: project.id, name: 'bare', compiledTypescript: 'import { x } from "y"' };
  await store.saveProjectWorkflow(bare);
  const found = await diagnose(project);
  const complaints = complaintsOf(found);
  for (const code of ['COMPILED_NOT_JSON', 'WORKFLOW_SYNTAX', 'ACTIVITY_SYNTAX', 'NO_WORKFLOW_EXPORT'])
    assert.ok(complaints.includes(code), `${code} in ${complaints}`);
  assert.match(told(found, 'COMPILED_NOT_JSON'), /of bare: found text starting "import \{"/);
  assert.match(told(found, 'WORKFLOW_SYNTAX'), /torn workflow_code 1:\d+/);
  assert.match(told(found, 'ACTIVITY_SYNTAX'), /acting activities_code 1:\d+/);
  const hints = found.checks.filter(({ ok }) => !ok);
  assert.ok(
    hints.every(({ hint }) => hint !== ''),
    JSON.stringify(hints),
  );
});

test('TEMPORAL_CONNECTION_LOST and RESTART_LIMIT are what the newest start ended with', async () => {
  for (const code of ['TEMPORAL_CONNECTION_LOST', 'RESTART_LIMIT']) {
    const project = await rig.project();
    const { workerId } = await life(project);
    const metadata = { code, error: 'transport at /root/secret', stack: 'at x (/root/secret.ts:1:1)' };
    await store.moveWorker(workerId, ['running'], { status: 'failed', stoppedAt: new Date().toISOString(), metadata });
    const found = await diagnose(project);
    assert.match(told(found, code), new RegExp(`worker ${workerId}: found failed at .* with ${code}`));
    assert.not.match(JSON.stringify(found), /secret/, 'the stack is for operators');
  }
});

test('HEARTBEAT_STALE, HEARTBEAT_WRITE_FAILED, HEARTBEAT_ROW_LOST and STATUS_DRIFT', async () => {
  const quiet = await rig.project();
  await life(quiet, { lastHeartbeat: LONG_AGO, host: 'beta' });
  assert.match(told(await diagnose(quiet), 'HEARTBEAT_STALE'), /found none for 3[56]\d\d s, expected one within 60 s/);

  const late = await rig.project();
  const { workerId } = await life(late);
  const unwritten = await diagnose(late, { figures: running(late, workerId, 70_000) });
  assert.match(told(unwritten, 'HEARTBEAT_WRITE_FAILED'), /found none was written for 70 s, expected one every 30 s/);

  const lost = await rig.project();
  assert.match(
    told(await diagnose(lost, { figures: running(lost, 'w-1') }), 'HEARTBEAT_ROW_LOST'),
    /of w-1: found no row/,
  );

  const closed = await rig.project();
  const row = await life(closed);
  await store.moveWorker(row.workerId, ['running'], { status: 'failed', stoppedAt: new Date().toISOString() });
  const drifted = await diagnose(closed, { figures: running(closed, row.workerId) });
  assert.match(told(drifted, 'STATUS_DRIFT'), /found status failed of a worker that runs/);
  const left = await rig.project();
  await life(left, { lastHeartbeat: LONG_AGO });
  assert.match(told(await diagnose(left), 'STATUS_DRIFT'), /found status running of a worker that no host runs/);
});

test('WORKER_NOT_RUNNING, NO_POLLERS and WORKFLOW_TYPE_UNKNOWN: a run that nobody takes', async () => {
  const project = await rig.project();
  await rig.workflow(project, 'mails', GOOD);
  assert.not.ok(complaintsOf(await diagnose(project)).includes('WORKER_NOT_RUNNING'), 'nothing waits, nobody wants it');
  const workflowId = randomUUID();
  const run = await client.workflow.start('emial', { taskQueue: project.taskQueueName, workflowId });
  const until = performance.now() + 30_000;
  let found = await diagnose(project);
  while (!complaintsOf(found).includes('WORKFLOW_TYPE_UNKNOWN') && performance.now() < until)
    found = await diagnose(project);
  assert.match(told(found, 'WORKER_NOT_RUNNING'), /found never started, with 1 open runs, \d tasks waiting/);
  assert.match(told(found, 'NO_POLLERS'), /found no pollers at Temporal/);
  assert.match(told(found, 'WORKFLOW_TYPE_UNKNOWN'), /found workflow type "emial", expected one of emailProcessor/);
  await run.terminate();
});

test('STALE_COMPILED_CODE and NOT_RECOMPILED', async () => {
  const project = await rig.project();
  const id = await rig.workflow(project, 'mails', GOOD);
  await store.recordCompilation(
    id,
    { workflowCode: 'export function old() {}', activitiesCode: '', workerCode: '' },
    '1',
  );
  assert.match(told(await diagnose(project), 'STALE_COMPILED_CODE'), /mails/);
  const other = await rig.project();
  const drawn = await rig.workflow(other, 'mails', GOOD, []);
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  await store.saveProjectWorkflow({
    id: drawn,
    projectId: other.id,
    name: 'mails',
    definition: { nodes: [{ id: 'new' }] },
  });
  assert.match(told(await diagnose(other), 'NOT_RECOMPILED'), /mails/);
});

test('LEASE_HELD, LEASE_LOST, CLOCK_SKEW, HOST_FULL and EMBEDDED_SINGLE_HOST', async () => {
  const now = new Date().toISOString();
  const lease = (resource: string, host: string, endsAt: string) =>
    store.acquireLease({ resource, holder: `${host}-1-x`, host, now, expiresAt: endsAt });
  const soon = new Date(Date.now() + 60_000).toISOString();

  const held = await rig.project();
  await life(held, { status: 'starting', host: 'beta' });
  await lease(`project/${held.id}/0`, 'beta', soon);
  assert.match(told(await diagnose(held), 'LEASE_HELD'), /found starting on another host, held by beta-1-x until/);
  assert.not.match(told(await diagnose(held, {}, false), 'LEASE_HELD'), /beta/);

  const lost = await rig.project();
  await life(lost);
  await lease(`project/${lost.id}/0`, HOST, LONG_AGO);
  assert.match(told(await diagnose(lost), 'LEASE_LOST'), /found ended at .* under a worker that runs/);

  const slow = { ...store, databaseTime: async () => Date.now() - 7_000 };
  assert.match(told(await diagnose(lost, { store: slow }), 'CLOCK_SKEW'), /found 7\.0 s ahead of the database/);

  const full = { settings: { ...DEFAULTS, maxProjects: 1 }, figures: running(lost, 'w') };
  assert.match(told(await diagnose(held, full), 'HOST_FULL'), /found 1 workers on this host, expected fewer than 1/);

  await lease('host/7', 'beta', soon);
  const embedded = await diagnose(held, { settings: { ...DEFAULTS, embedded: true } });
  assert.match(told(embedded, 'EMBEDDED_SINGLE_HOST'), /found 2 hosts, expected one/);
});

test('every code of the table was shown, here or by runs', () => {
  assert.equal(
    CHECKED.filter((code) => !shown.has(code) && !SHOWN_BY_RUNS.includes(code)),
    [],
  );
});

test.run();
