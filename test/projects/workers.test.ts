// timeout: 120
/** Project workers in a whole host: real runs, one connection, limits of the environment (PW-1, 6, 25, 35, 36). */
import { readdir, readFile, readlink } from 'node:fs/promises';
import { Client, Connection } from '@temporalio/client';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type TestHost, testHost } from '../stand/host.ts';
import { until } from './hosted.ts';

const test = suite('project workers of a host');
let address: string;
let stand: TestHost;
let connection: Connection;
let client: Client;

interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: answers of many endpoints
  readonly body: any;
}

async function call(path: string, body?: object, method = 'POST'): Promise<Answer> {
  const sent = { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const response = await fetch(`${stand.host.url}${path}`, body === undefined ? {} : sent);
  return { status: response.status, body: await response.json() };
}

async function made(name: string): Promise<{ id: string; taskQueue: string }> {
  const { body } = await call('/projects', { name, tenant: 'org-1' });
  return { id: body.id, taskQueue: body.taskQueueName };
}

async function deploy(projectId: string, workflowCode: string, workflowId?: string): Promise<string> {
  const row = { name: 'flow', status: 'active', compiledTypescript: JSON.stringify({ workflow_code: workflowCode }) };
  const path = `/projects/${projectId}/workflows`;
  const { status, body } = await (workflowId ? call(`${path}/${workflowId}`, row, 'PATCH') : call(path, row));
  assert.ok(status < 300, JSON.stringify(body));
  return body.id;
}

const shout = (mark: string): string => `
import { proxyActivities, condition, defineSignal, setHandler } from '@temporalio/workflow';
const { transformData } = proxyActivities({ startToCloseTimeout: '10 seconds' });
export async function flow(text: string, waits: boolean) {
  let isFree = !waits;
  setHandler(defineSignal('go'), () => { isFree = true; });
  await condition(() => isFree);
  return transformData({ data: text + '${mark}', transformation: 'uppercase' });
}`;

test.before(async () => {
  stand = await testHost({ 'cloister.yaml': 'capabilities: [log]\n' }, { maxActivities: 1 });
  address = stand.host.stack.temporal?.address ?? '';
  connection = await Connection.connect({ address });
  client = new Client({ connection });
});
test.after(async () => {
  await connection?.close();
  await stand?.close();
});

let first: { id: string; taskQueue: string };
let flowId: string;

test('PW-1, 6 a worker is started without workflows; what is deployed afterwards runs without a restart', async () => {
  first = await made('Mail');
  const started = await call('/workers/start', { projectId: first.id });
  assert.equal([started.status, started.body.success], [200, true], JSON.stringify(started.body));
  assert.is(started.body.message, `Worker started for project ${first.id}`);
  assert.is(started.body.warnings[0].code, 'NO_COMPILED_WORKFLOWS');
  flowId = await deploy(first.id, shout('1'));
  const options = { taskQueue: first.taskQueue, workflowId: 'one' };
  assert.is(await client.workflow.execute('flow', { ...options, args: ['hello ', false] }), 'HELLO 1');
});

test('PW-8, 9, 25 an open run survives edit and restart on its own code; the next has the new, without a restart', async () => {
  const { taskQueue } = first;
  const handle = await client.workflow.start('flow', { taskQueue, workflowId: 'two', args: ['a', true] });
  await until(async () => (await handle.describe()).historyLength >= 5, 'it waits');
  await deploy(first.id, shout('2'), flowId);
  assert.is(await client.workflow.execute('flow', { taskQueue, workflowId: 'three', args: ['a', false] }), 'A2');
  const { status, body } = await call('/workers/restart', { projectId: first.id });
  assert.equal([status, body.message], [200, `Worker restarted for project ${first.id}`]);
  await handle.signal('go');
  assert.is(await handle.result(), 'A1');
  const digests = await Promise.all(
    ['two', 'three'].map(async (id) => (await client.workflow.getHandle(id).describe()).memo?.codeDigest),
  );
  for (const digest of digests) assert.match(String(digest), /^sha256:[0-9a-f]{64}$/);
  assert.is.not(digests[0], digests[1]);
});

test('PW-36 all workers share one connection to Temporal', async () => {
  if (process.platform !== 'linux') return;
  const before = await connectionsTo(address);
  for (const name of ['a', 'b', 'c']) await call('/workers/start', { projectId: (await made(name)).id });
  assert.is((await call('/workers')).body.count, 4);
  assert.is(await connectionsTo(address), before);
});

test('PW-35 the concurrency of the environment reaches the worker', async () => {
  const project = await made('narrow');
  const code = `
import { proxyActivities } from '@temporalio/workflow';
const { waitFor } = proxyActivities({ startToCloseTimeout: '10 seconds' });
export async function flow() {
  await Promise.all([1, 2, 3].map(() => waitFor({ milliseconds: 400, reason: 'to be seen' })));
}`;
  await deploy(project.id, code);
  await call('/workers/start', { projectId: project.id });
  const options = { taskQueue: project.taskQueue, workflowId: 'narrow' };
  const handle = await client.workflow.start('flow', options);
  await handle.result();
  const { events } = await handle.fetchHistory();
  const [firstAt = 0, , lastAt = 0] = (events ?? [])
    .filter(({ activityTaskStartedEventAttributes: started }) => started)
    .map(({ eventTime }) => Number(eventTime?.seconds) * 1000 + Number(eventTime?.nanos) / 1e6)
    .sort((a, b) => a - b);
  assert.ok(lastAt - firstAt >= 750, `the last began ${lastAt - firstAt} ms after the first`);
});

test('an attempt of an activity that fails is told with type, attempt and code', async () => {
  const project = await made('failing');
  const code = `
import { proxyActivities } from '@temporalio/workflow';
const { transformData } = proxyActivities({ startToCloseTimeout: '10 seconds' });
export const flow = () => transformData({ data: 'a', transformation: 'shout' }).catch(() => 'failed');`;
  await deploy(project.id, code);
  await call('/workers/start', { projectId: project.id });
  const options = { taskQueue: project.taskQueue, workflowId: 'failing' };
  assert.is(await client.workflow.execute('flow', options), 'failed');
  const log = await readFile(`${stand.dataDir}/host.log`, 'utf8');
  const lines = log
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const told = lines.find(({ event, projectId }) => event === 'activity_failed' && projectId === project.id);
  assert.equal([told?.level, told?.type, told?.attempt, told?.code], ['warn', 'transformData', 1, 'ACTIVITY_ARGUMENT']);
});

/** Connections of this process to an address. */
async function connectionsTo(address: string): Promise<number> {
  const [, port = ''] = address.split(':');
  const hex = Number(port).toString(16).toUpperCase().padStart(4, '0');
  const rows = (await readFile('/proc/self/net/tcp', 'utf8')).split('\n').map((line) => line.trim().split(/\s+/));
  // Remote address, state "established", inode.
  const inodes = new Set(rows.filter((row) => row[2]?.endsWith(`:${hex}`) && row[3] === '01').map((row) => row[9]));
  const links = await Promise.all(
    (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
  );
  return links.filter((link) => inodes.has(/^socket:\[(\d+)\]$/.exec(link)?.[1])).length;
}

test.run();
