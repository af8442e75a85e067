// timeout: 90
/** The HTTP side of project workers and projects, over a real database: forms, statuses, and who may call (PW-26, 27, 28, 44, 45). */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { createClient } from '@supabase/supabase-js';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Keys } from '../../host/access/keys.ts';
import { isNear } from '../../host/access/near.ts';
import { ENDPOINTS } from '../../host/api/server.ts';
import { freePort } from '../../host/embedded/port.ts';
import { refused } from '../../host/projects/failure.ts';
import { createStore, type ProjectRow } from '../../registry/index.ts';
import { type Answer, caller, statusWithHost } from '../api/call.ts';
import { type ApiStand, apiStand } from '../api/stand.ts';
import { CODE, type Hosted, newProject, openEmbedded, openHosted, until } from './hosted.ts';

const TOKEN = 'the-administrators-own-token';
const WORKERS = 'the-token-of-builders-of-workers';
const open = await openEmbedded();
const store = createStore({ client: open.client });
const keys = new Keys(store);
const test = suite('project workers over HTTP');
let stand: ApiStand;
let hosted: Hosted;
let url: string;
let project: ProjectRow;
/** A developer of the project's tenant, and one of another. */
let mine: string;
let theirs: string;

const as = (token: string) => ({ authorization: `Bearer ${token}` });
const admin = as(TOKEN);
const get = (path: string, headers = admin) => caller(url).get(path, headers);
const post = (path: string, body: unknown, headers = admin) => caller(url).post(path, body, headers);

test.before(async () => {
  stand = await apiStand();
  hosted = await openHosted(store);
  const access = { kind: 'token', token: TOKEN, workersToken: WORKERS, keys, openWorkers: true } as const;
  ({ url } = await stand.start(access, { rows: store, keys, projects: hosted.workers }));
  project = await newProject(store);
  const maker = { name: 'test', role: 'admin', scopes: null, tenant: null } as const;
  const key = async (tenant: string) =>
    (await keys.make(maker, { name: tenant, role: 'developer', tenant, expiresAt: null })).text;
  [mine, theirs] = [await key('org-1'), await key('org-2')];
});
test.after(async () => {
  await hosted.workers.close();
  await stand[Symbol.asyncDispose]();
  await open[Symbol.asyncDispose]();
});

/** What every refusal has in common: a text for the builder, a code, and nothing of the host. */
function assertRefused({ status, body }: Answer, expected: number, code: string): void {
  const text = JSON.stringify(body);
  assert.is(status, expected, text);
  assert.is(body.code, code, text);
  assert.ok(typeof body.error === 'string' && body.error !== '', text);
  assert.not.match(text, /\n\s+at |\.ts:\d|node_modules|sqlite|127\.0\.0\.1/, 'PW-44');
}

/** The call of the Workflow Builder, as its own code makes it. */
async function builderStarts(id: string, headers: Record<string, string> = {}) {
  const response = await fetch(`${url}/workers/start`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify({ projectId: id }),
  });
  if (response.ok) return { success: true };
  const data = (await response.json()) as { error?: string };
  return { raised: data.error || 'Failed to start worker' };
}

test("PW-45 the builder's start call works unchanged, without a token where the operator has opened /workers", async () => {
  assert.equal(await builderStarts(project.id), { success: true });
  const { raised } = await builderStarts(randomUUID());
  assert.match(String(raised), /expected an existing project/);
});

test('what is opened to builders is /workers alone, to programs of a private network alone', async () => {
  const status = async (path: string, headers: Record<string, string> = {}) =>
    (await get(path, headers as never)).status;
  assert.is(await status('/workers'), 200);
  assert.is(await status('/projects'), 401);
  assert.is(await status('/runs'), 401);
  for (const headers of [
    { origin: 'http://evil.example' },
    { origin: url },
    { 'x-forwarded-for': '203.0.113.9' },
    { forwarded: 'for=203.0.113.9' },
    { authorization: 'Bearer wrong' },
  ]) {
    assert.is(await status('/workers', headers), 401, JSON.stringify(headers));
  }
  for (const [host, expected] of [
    ['workflow-worker-service:3011', 200],
    ['worker.default.svc:3011', 200],
    ['[::1]:3011', 200],
    ['evil.example', 401],
    ['localhost.evil.example:3011', 401],
  ] as const) {
    assert.is(await statusWithHost(`${url}/workers`, host), expected, host);
  }
  const from = (remoteAddress: string) =>
    isNear({ headers: {}, info: { remoteAddress, host: 'localhost' } } as unknown as Parameters<typeof isNear>[0]);
  for (const address of ['127.0.0.1', '::1', '10.1.2.3', '::ffff:192.168.0.9', '172.17.0.1', 'fd00::1'])
    assert.ok(from(address), address);
  for (const address of ['203.0.113.9', '8.8.8.8', '172.32.0.1', '2001:db8::1', '::ffff:8.8.8.8', '', 'x'])
    assert.not.ok(from(address), address);
  const closed = await stand.start({ kind: 'token', token: TOKEN }, { rows: store, projects: hosted.workers });
  assert.is((await caller(closed.url).get('/workers')).status, 401);
});

test('PW-1 start, stop and restart answer in the words that the builder knows', async () => {
  const { id } = await newProject(store, { name: 'Words' });
  const started = await post('/workers/start', { projectId: id });
  assert.is(started.status, 200);
  const { success, message, warnings, ...extras } = started.body;
  assert.equal([success, message, warnings], [true, `Worker started for project ${id}`, []]);
  assert.equal([extras.alreadyRunning, extras.workflows, extras.host], [false, 1, 'alpha']);
  assert.is((await post('/workers/start', { projectId: id.toUpperCase() })).body.alreadyRunning, true);
  const restarted = await post('/workers/restart', { projectId: id });
  assert.equal([restarted.status, restarted.body.message], [200, `Worker restarted for project ${id}`]);
  for (const _ of [1, 2]) {
    const stopped = await post('/workers/stop', { projectId: id });
    assert.equal(
      [stopped.status, stopped.body.success, stopped.body.message],
      [200, true, `Worker stopped for project ${id}`],
    );
  }
});

test('reload tells what the next run will use, by project or by workflow', async () => {
  const { id } = await newProject(store, { name: 'Reload' });
  const workflow = await store.saveProjectWorkflow({ projectId: id, name: 'w' });
  for (const body of [{ projectId: id }, { workflowId: workflow.id }]) {
    const answer = await post('/workers/reload', body);
    assert.is(answer.status, 200);
    const { success, message, workflows, activities, warnings } = answer.body;
    assert.equal([success, message], [true, `Worker reloaded for project ${id}`]);
    assert.equal([workflows, activities, warnings], [CODE.workflows, [], []]);
  }
  assertRefused(await post('/workers/reload', {}), 400, 'BODY_INVALID');
  assertRefused(await post('/workers/reload', { projectId: id, workflowId: workflow.id }), 400, 'BODY_INVALID');
  assertRefused(await post('/workers/reload', { workflowId: randomUUID() }), 404, 'WORKFLOW_NOT_FOUND');
});

test('PW-26 both spellings of the status give one answer, from before the first start to after a failure', async () => {
  const { id, taskQueueName: taskQueue } = await newProject(store, { name: 'Spelling' });
  const both = async () => {
    const [one, other] = [await get(`/workers/status/${id}`), await get(`/workers/${id}/status`)];
    assert.equal([one.status, one.body], [200, other.body]);
    const { projectId, status, isRunning } = one.body;
    return { projectId, status, isRunning };
  };
  assert.equal(await both(), { projectId: id, status: 'stopped', isRunning: false });
  await post('/workers/start', { projectId: id });
  assert.equal(await both(), { projectId: id, status: 'running', isRunning: true });
  const shown = (await get(`/workers/${id}/status`)).body;
  assert.equal([shown.taskQueue, shown.host, shown.workflows, shown.lastError], [taskQueue, 'alpha', 1, null]);
  hosted.launched.at(-1)?.crash(new Error(`lost /home/${hostname()}/secret at x (/a/b.ts:1:2)`));
  await until(async () => (await get(`/workers/${id}/status`)).body.status === 'failed', 'a failed row');
  assert.equal(await both(), { projectId: id, status: 'failed', isRunning: false });
  const { lastError } = (await get(`/workers/${id}/status`)).body;
  assert.is(lastError.code, 'WORKER_FAILED');
  assert.not.match(JSON.stringify(lastError), /secret|\.ts/, 'PW-44: of a crash the API tells no words of the host');
});

test('a worker without a heartbeat for a minute shows as running, and is not', async () => {
  const { id, taskQueueName } = await newProject(store, { name: 'Quiet' });
  const long = new Date(Date.now() - 3_600_000).toISOString();
  const row = { workerId: randomUUID(), projectId: id, taskQueueName, status: 'running', host: 'gone' } as const;
  const rest = { processId: '1', startedAt: long, lastHeartbeat: long, metadata: {}, slot: 0, leaseFence: 1 };
  await store.insertWorker({ ...row, ...rest });
  const { status, isRunning, isHealthy, host } = (await get(`/workers/${id}/status`)).body;
  assert.equal([status, isRunning, isHealthy, host], ['running', false, false, 'gone']);
});

test('a worker whose host has lost its lease is known not to run before its heartbeat is stale', async () => {
  const { id } = await newProject(store, { name: 'Lost' });
  await post('/workers/start', { projectId: id });
  const shown = async () => {
    const { status, isRunning, isHealthy, hasLease } = (await get(`/workers/${id}/status`)).body;
    return { status, isRunning, isHealthy, hasLease };
  };
  assert.equal(await shown(), { status: 'running', isRunning: true, isHealthy: true, hasLease: true });
  const now = new Date().toISOString();
  const row = { workerId: randomUUID(), projectId: id, taskQueueName: 'q', status: 'running', host: 'gone' } as const;
  const rest = { processId: '1', startedAt: now, lastHeartbeat: now, metadata: {}, slot: 0, leaseFence: 7 };
  await store.insertWorker({ ...row, ...rest });
  assert.equal(await shown(), { status: 'running', isRunning: false, isHealthy: true, hasLease: false });
});

test('PW-27 the list has ids and their count, with scope=all where each runs; health has the four fields', async () => {
  const { id } = await newProject(store, { name: 'Listed' });
  await post('/workers/start', { projectId: id });
  const { body } = await get('/workers');
  assert.equal(Object.keys(body), ['workers', 'count']);
  assert.ok(body.workers.includes(id));
  assert.is(body.count, body.workers.length);
  const all = (await get('/workers?scope=all')).body;
  const detail = all.details.find(({ projectId }: { projectId: string }) => projectId === id);
  assert.equal([detail.host, detail.status], ['alpha', 'running']);
  assert.ok(detail.secondsSinceHeartbeat >= 0 && detail.workerId && detail.startedAt && detail.lastHeartbeat);
  const health = (await caller(url).get('/health')).body;
  assert.equal([health.status, health.service, health.workers], ['degraded', 'temporal-worker-service', body.count]);
  assert.ok(health.uptime > 0);
  const worker = (await get(`/workers/${id}/status`)).body;
  assert.equal(worker.status, 'running');
});

test('PW-28 every error has a text: no UUID is 400, an unknown project 404, at every endpoint of workers', async () => {
  const unknown = randomUUID();
  for (const name of ['start', 'stop', 'restart', 'reload']) {
    const path = `/workers/${name}`;
    for (const projectId of ['test-project-id', 17, null, '', `${unknown}x`]) {
      const answer = await post(path, { projectId });
      assertRefused(answer, 400, 'BODY_INVALID');
      assert.equal([answer.body.where, answer.body.expected], ['body projectId', 'a UUID']);
    }
    assertRefused(await post(path, {}), 400, 'BODY_INVALID');
    assertRefused(await post(path, '{'), 400, 'BODY_INVALID');
    assertRefused(await post(path, { projectId: unknown, force: true }), 400, 'BODY_INVALID');
    assertRefused(await post(path, { projectId: unknown }), 404, 'PROJECT_NOT_FOUND');
  }
  for (const path of ['/workers/ID', '/workers/ID/status', '/workers/status/ID', '/projects/ID']) {
    assertRefused(await get(path.replace('ID', 'test-project-id')), 400, 'BODY_INVALID');
    assertRefused(await get(path.replace('ID', unknown)), 404, 'PROJECT_NOT_FOUND');
  }
  assertRefused(await get('/workers/x/y/z'), 404, 'NOT_FOUND');
  assertRefused(await caller(url).send('PUT', '/workers/start', {}, admin), 405, 'METHOD_NOT_ALLOWED');
});

test('a body above 64 KiB is 413, one that is no JSON by its type 415', async () => {
  assertRefused(await post('/workers/start', { projectId: 'x'.repeat(65 * 1024) }), 413, 'BODY_TOO_LARGE');
  const form = { ...admin, 'content-type': 'application/x-www-form-urlencoded' };
  assertRefused(await post('/workers/start', `projectId=${project.id}`, form), 415, 'MEDIA_TYPE_UNSUPPORTED');
});

test('409, 503 with Retry-After and 500 as the table has them, each with its code', async () => {
  const { id } = await newProject(store, { name: 'Statuses' });
  const fails = async (error: Error) => {
    hosted.knobs.beforeLaunch = () => Promise.reject(error);
    const answer = await post('/workers/start', { projectId: id });
    hosted.knobs.beforeLaunch = async () => undefined;
    return answer;
  };
  for (const [code, status] of [
    ['TEMPORAL_UNREACHABLE', 503],
    ['HOST_FULL', 503],
    ['SHUTTING_DOWN', 503],
    ['LEASE_HELD', 409],
    ['WORKFLOW_SYNTAX', 500],
  ] as const) {
    const answer = await fails(refused(code, { where: 'x', found: 'y', expected: 'z' }));
    assertRefused(answer, status, code);
    assert.is(answer.headers.has('retry-after'), status === 503, code);
  }
  const raw = await fails(new Error('ENOENT /root/secret\n    at x (/root/a.ts:1:2)'));
  assertRefused(raw, 500, 'WORKER_FAILED');
  assert.not.match(JSON.stringify(raw.body), /secret/);
  await store.changeProject(id, { isActive: false });
  assertRefused(await post('/workers/start', { projectId: id }), 500, 'PROJECT_INACTIVE');
  const broken = { code: 'COMPILED_NOT_JSON', where: 'w', found: 'text', expected: 'JSON', workflowId: 'w' };
  const other = await newProject(store, { name: 'Broken' });
  hosted.knobs.load = async () => ({ ...CODE, workflows: [], errors: [broken] });
  const answer = await post('/workers/start', { projectId: other.id });
  hosted.knobs.load = async () => CODE;
  assertRefused(answer, 500, 'COMPILED_NOT_JSON');
  assert.is(answer.body.error, 'w: found text, expected JSON');
  assert.is((await get(`/workers/${other.id}/status`)).body.status, 'failed');
});

test('a database that is down is 503 with Retry-After', async () => {
  const nowhere = createClient(`http://127.0.0.1:${await freePort()}`, 'x', { auth: { persistSession: false } });
  const rows = createStore({ client: nowhere });
  const { url: there } = await stand.start({ kind: 'token', token: TOKEN }, { rows, projects: hosted.workers });
  const answer = await caller(there).post('/workers/start', { projectId: project.id }, admin);
  assertRefused(answer, 503, 'STORE_UNAVAILABLE');
  assert.ok(answer.headers.has('retry-after'));
});

test('a caller bound to a tenant meets its own projects and no others', async () => {
  const own = await newProject(store, { name: 'Own' });
  assert.is((await post('/workers/start', { projectId: own.id }, as(mine))).status, 200);
  const foreign = await post('/workers/stop', { projectId: own.id }, as(theirs));
  const missing = await post('/workers/stop', { projectId: randomUUID() }, as(theirs));
  assertRefused(foreign, 404, 'PROJECT_NOT_FOUND');
  assert.equal(Object.keys(foreign.body), Object.keys(missing.body));
  assert.is((await get(`/workers/${own.id}/status`, as(theirs))).status, 404);
  const workflow = await store.saveProjectWorkflow({ projectId: own.id, name: 'w' });
  for (const [path, body] of [
    ['/workers/reload', { workflowId: workflow.id }],
    [`/workflows/${workflow.id}/publish`, {}],
  ] as const) {
    const answer = await post(path, body, as(theirs));
    assertRefused(answer, 404, 'WORKFLOW_NOT_FOUND');
    assert.ok(!JSON.stringify(answer.body).includes(own.id), 'not even the id of its project');
  }
  assert.equal((await get('/workers?scope=all', as(theirs))).body, { workers: [], count: 0, details: [] });
  assert.ok((await get('/workers', as(mine))).body.workers.includes(own.id));
  assert.equal((await get('/projects', as(theirs))).body, { projects: [] });
  assert.equal((await get('/projects?tenant=org-1', as(theirs))).body, { projects: [] });
});

test('the token of workers opens every endpoint of workers, and none of projects', async () => {
  assert.is((await get('/workers', as(WORKERS))).status, 200);
  assert.is((await post('/workers/start', { projectId: project.id }, as(WORKERS))).status, 200);
  for (const path of ['/projects', `/projects/${project.id}`]) assert.is((await get(path, as(WORKERS))).status, 403);
  const other = await stand.start({ kind: 'token', token: TOKEN, workersToken: WORKERS }, { rows: store });
  assert.is(
    (await caller(other.url).get('/workers', as(WORKERS))).status,
    501,
    'a host without project workers says so',
  );
});

test('projects are made, shown and changed; a bad field is 400 by its name', async () => {
  const made = await post(
    '/projects',
    { name: 'Email Automation', userId: 'ABC12300-0000-4000-8000-000000000000' },
    as(mine),
  );
  assert.equal([made.status, made.body.tenant], [201, 'org-1']);
  assert.is(made.body.taskQueueName, 'abc123-email-automation-queue');
  const path = `/projects/${made.body.id}`;
  const declaration = { capabilities: ['http'], http: { allow: ['https://api.example.org'] } };
  const changed = await caller(url).send('PATCH', path, { name: 'Mail', declaration, activities: 'latest' }, as(mine));
  assert.is(changed.status, 200, JSON.stringify(changed.body));
  assert.equal(
    [changed.body.name, changed.body.taskQueueName, changed.body.activities],
    ['Mail', 'abc123-email-automation-queue', 'latest'],
    'PW-43: a rename leaves the queue',
  );
  assert.equal(changed.body.declaration.http, { allow: ['https://api.example.org'] });
  assert.equal((await get(path, as(mine))).body, changed.body);
  assert.is((await get(path, as(theirs))).status, 404);
  assertRefused(await post('/projects', { name: 'x', tenant: 'org-1' }, as(theirs)), 403, 'FORBIDDEN');
  assertRefused(await post('/projects', { name: 'x' }), 400, 'TENANT_INVALID');
  for (const taskQueueName of ['billing', 'temporal-sys-x', ''])
    assertRefused(await post('/projects', { name: 'x', tenant: 'org-1', taskQueueName }), 400, 'BODY_INVALID');
  const taken = { name: 'x', tenant: 'org-1', taskQueueName: 'abc123-email-automation-queue' };
  assertRefused(await post('/projects', taken), 409, 'TASK_QUEUE_IN_USE');
  const bad = await post('/projects', {
    name: 'x',
    tenant: 'org-1',
    declaration: { http: { allow: ['javascript:x'] } },
  });
  assertRefused(bad, 400, 'BODY_INVALID');
  assert.is(bad.body.where, 'body declaration.http.allow.0');
});

test('workflows and components are kept as they are given, and belong to one project', async () => {
  const code = { workflow_code: 'export async function w() {}', worker_code: 'never run' };
  const made = await post(`/projects/${project.id}/workflows`, { name: 'w', compiledTypescript: code }, as(mine));
  assert.equal([made.status, made.body.status, JSON.parse(made.body.compiledTypescript)], [201, 'draft', code]);
  const path = `/projects/${project.id}/workflows/${made.body.id}`;
  const text = 'import { bare } from "typescript"';
  const changed = await caller(url).send('PATCH', path, { compiledTypescript: text, status: 'active' }, as(mine));
  assert.equal([changed.status, changed.body.compiledTypescript, changed.body.name], [200, text, 'w']);
  const { warnings, ...kept } = changed.body;
  assert.equal([(await get(path, as(mine))).body, warnings], [kept, null], 'this host has nothing to check code with');
  const listed = (await get(`/projects/${project.id}/workflows`, as(mine))).body.workflows;
  assert.ok(listed.every((each: object) => !('compiledTypescript' in each)));
  assert.equal((await get(`${path}/compilations`, as(mine))).body, { compilations: [] });
  const other = await newProject(store, { name: 'Other' });
  assertRefused(await get(`/projects/${other.id}/workflows/${made.body.id}`, as(mine)), 404, 'WORKFLOW_NOT_FOUND');
  for (const body of [
    { name: 'x', compiledTypescript: 'a\u0000' },
    { name: 'x', definition: { a: ['\u0000'] } },
    { name: 'x', status: 'on' },
  ])
    assertRefused(await post(`/projects/${project.id}/workflows`, body, as(mine)), 400, 'BODY_INVALID');
  const large = { name: 'x', compiledTypescript: 'x'.repeat(5 * 2 ** 20) };
  assertRefused(await post(`/projects/${project.id}/workflows`, large, as(mine)), 413, 'BODY_TOO_LARGE');

  const component = await post(
    `/projects/${project.id}/components`,
    { name: 'send', code: 'export const x = 1;' },
    as(mine),
  );
  assert.equal([component.status, component.body.language, component.body.isActive], [201, 'typescript', true]);
  const at = `/projects/${project.id}/components/${component.body.id}`;
  const second = await caller(url).send('PATCH', at, { version: '2', isActive: false }, as(mine));
  assert.equal([second.body.version, second.body.isActive, second.body.code], ['2', false, 'export const x = 1;']);
  assertRefused(
    await get(`/projects/${other.id}/components/${component.body.id}`, as(mine)),
    404,
    'COMPONENT_NOT_FOUND',
  );
  assert.is((await get(`/projects/${project.id}/components`, as(mine))).body.components.length, 1);
});

test('every endpoint of workers and projects asks for a scope of its own kind', () => {
  const own = ENDPOINTS.filter(({ path }) => /^\/(workers|projects)/.test(path));
  assert.ok(own.length >= 25, String(own.length));
  for (const { access, method, operation } of own) {
    assert.ok(typeof access === 'object' && access.tenants === 'own', operation);
    assert.match(access.scope, method === 'GET' ? /:read$/ : /^(workers|projects|runs):write$/, operation);
  }
});

test.run();
