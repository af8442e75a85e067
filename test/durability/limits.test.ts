// timeout: 120
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ActivityView, RunView } from '../../host/runs/view.ts';
import { activityOf, type TestHost, testHost } from '../stand/host.ts';
import { script, workflow } from '../stand/project.ts';
import { recordsOf } from './host.ts';
import { descendants, type Process } from './processes.ts';

const limits = suite('a run whose script does what it may not');
const closing: (() => Promise<unknown>)[] = [];
const TENANT = 'org-1';
let stand: TestHost;
let client: Client;

/** A workflow of one activity, named like its script. */
function one(id: string, more: Readonly<Record<string, unknown>> = {}): Record<string, string> {
  return workflow(id, { rootChildren: ['it'], activities: [{ id: 'it', script: `./activities/${id}.ts`, ...more }] });
}

const FHIR = "import { fhir, http, run } from 'cloister';";
const RETRIED = { retries: 2, backoff: { initial: '1s', coefficient: 1, max: '1s' } };

const FILES = {
  ...script('fine', 'return { fine: true };'),
  ...script('throws', "throw new Error('no coverage found');"),
  ...script('not-json', 'return () => 1;'),
  ...script('big', "return 'x'.repeat(2 ** 20);"),
  ...script('double', 'return { twice: input.text + input.text };'),
  ...script('wide', "return 'x'.repeat(600 * 1024);"),
  'activities/no-main.ts': 'export const description = "nothing to run";',
  ...script('spin', 'for (;;) {}'),
  ...script('slow', 'await new Promise((done) => setTimeout(done, 60_000)); return 1;'),
  ...script('slower', 'await new Promise((done) => setTimeout(done, 60_000)); return 1;'),
  ...script('never', 'await new Promise(() => {});'),
  ...script('sleepy', 'await new Promise((done) => setTimeout(done, 20_000)); return 1;'),
  ...script('hog', 'const kept = []; for (;;) kept.push(new Array(100000).fill(kept.length));'),
  ...script('calls', "return http.fetch('http://127.0.0.1:1/');", FHIR),
  ...script('third', 'if (run.attempt < 3) throw new Error("attempt " + run.attempt); return input;', FHIR),
  ...one('fine'),
  ...one('throws'),
  ...one('not-json'),
  ...one('big'),
  ...one('no-main'),
  ...one('spin', { limits: { cpuMs: 300 } }),
  ...one('never'),
  ...one('slow', { timeout: '2s' }),
  ...one('slower', { ...RETRIED, timeout: '2s' }),
  ...one('sleepy'),
  ...one('hog', { limits: { heapMb: 16 } }),
  ...one('calls', RETRIED),
  ...one('third', { ...RETRIED, timeout: '20s', params: { same: '$input.word' } }),
  ...workflow('params', {
    rootChildren: ['wide'],
    activities: [
      { id: 'wide', script: './activities/wide.ts', children: ['it'] },
      {
        id: 'it',
        script: './activities/double.ts',
        params: { one: '$activities.wide.output', two: '$activities.wide.output' },
      },
    ],
  }),
  ...workflow('stolen', {
    rootChildren: ['it'],
    activities: [{ id: 'it', childWorkflow: 'fine', params: { tenantOrganizationId: 'org-2' } }],
  }),
};

limits.before(async () => {
  stand = await testHost(FILES);
  closing.push(() => stand.close());
  await writeFile(
    join(stand.dataDir, 'tenants.yaml'),
    JSON.stringify({ [TENANT]: { capabilities: ['fhir', 'log', 'http'] } }),
  );
  const connection = await Connection.connect({ address: stand.host.stack.temporal?.address ?? '' });
  closing.push(() => connection.close());
  client = new Client({ connection });
});
limits.after(async () => {
  for (const close of closing.reverse()) await close();
});

/** Runs a workflow that must fail at `it`; checks that the failure is told the same everywhere. */
async function failing(name: string, code: string): Promise<ActivityView> {
  const view = await stand.run(name, { tenantOrganizationId: TENANT });
  assert.is(view.status, 'failed');
  assert.is(view.error?.code, code, JSON.stringify(view.error));
  const it = activityOf(view, 'it');
  assert.is(it.status, 'failed');
  assert.is(it.error?.code, code);
  assert.is(view.billingWorkflow?.status, 'failed');
  const [record] = await recordsOf(stand.host.stack.fhirUrl, TENANT, view.runId);
  assert.is(record?.status, 'failed');
  assert.ok(record?.executionPeriod.end);
  return it;
}

/** Options and params with which the activity was scheduled, as history has them. */
async function scheduled({ workflowId, runId }: RunView) {
  const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
  const found = (events ?? []).flatMap((event) => event.activityTaskScheduledEventAttributes ?? []);
  return found.map(({ scheduleToCloseTimeout, retryPolicy, input, activityType }) => ({
    type: activityType?.name,
    timeoutS: Number(scheduleToCloseTimeout?.seconds),
    attempts: retryPolicy?.maximumAttempts,
    params: defaultPayloadConverter.fromPayload(input?.payloads?.[0] ?? {}),
  }));
}

const CASES: readonly (readonly [what: string, workflow: string, code: string, message: RegExp])[] = [
  ['a script that throws', 'throws', 'SCRIPT_ERROR', /no coverage found/],
  ['a result that is not JSON', 'not-json', 'RESULT_NOT_JSON', /./],
  ['a result of more than 1 MiB', 'big', 'RESULT_TOO_LARGE', /./],
  ['a missing main', 'no-main', 'MAIN_MISSING', /main/],
  ['an endless loop', 'spin', 'SCRIPT_CPU', /./],
  ['a memory hog', 'hog', 'SCRIPT_MEMORY', /./],
  ['params of more than 1 MiB', 'params', 'PARAMS_TOO_LARGE', /1048576/],
  ["a child under another tenant's name", 'stolen', 'TENANT_REFUSED', /tenant of its parent/],
];

for (const [what, name, code, message] of CASES) {
  limits(`${what} ends as ${code}, in one attempt`, async () => {
    const it = await failing(name, code);
    assert.match(String(it.error?.message), message);
    assert.ok(it.attempts <= 1, `${it.attempts} attempts`);
  });
}

limits('a script that takes too long ends as SCRIPT_WALL within its timeout, and is no lost host', async () => {
  const it = await failing('slow', 'SCRIPT_WALL');
  assert.is(it.attempts, 1);
  assert.ok(Number(it.durationMs) <= 2000, `${it.durationMs} ms`);
});

limits('the timeout covers all attempts together', async () => {
  const it = await failing('slower', 'SCRIPT_WALL');
  assert.ok(it.attempts <= 2, `${it.attempts} attempts`);
  assert.ok(Number(it.durationMs) <= 2000, `${it.durationMs} ms`);
});

limits('a promise that can never settle does not wait for the timeout', async () => {
  const it = await failing('never', 'SCRIPT_WALL');
  assert.is(it.attempts, 1);
  assert.match(String(it.error?.message), /never settle/);
});

limits('a capability that was not declared is refused by name, and not retried', async () => {
  const it = await failing('calls', 'CAPABILITY_REFUSED');
  assert.match(String(it.error?.message), /"http"/);
  assert.is(it.attempts, 1);
});

limits('a run of a malformed tenant is refused before anything of it exists', async () => {
  for (const tenant of ['', '..', 'a/b', 7]) {
    const { status, body } = await stand.start('fine', { tenantOrganizationId: tenant });
    assert.is(status, 400);
    assert.is(body.code, 'TENANT_INVALID');
  }
  const workflowId = crypto.randomUUID();
  const args = { workflow: 'fine', branch: null, input: { tenantOrganizationId: 'a/b' }, trigger: { type: 'manual' } };
  const handle = await client.workflow.start('billingWorkflow', { taskQueue: 'billing', workflowId, args: [args] });
  const view = await stand.follow('fine', handle.firstExecutionRunId);
  assert.is(view.error?.code, 'TENANT_REFUSED');
  assert.is(view.billingWorkflow, null);
});

limits('by default an activity has 30 s and one attempt', async () => {
  const view = await stand.run('fine', { tenantOrganizationId: TENANT });
  assert.equal(await scheduled(view), [{ type: './activities/fine.ts', timeoutS: 30, attempts: 1, params: {} }]);
});

limits('retries: 2 makes three attempts with the same params, within one timeout', async () => {
  const view = await stand.run('third', { tenantOrganizationId: TENANT, word: 'hi' });
  assert.is(view.status, 'completed', JSON.stringify(view.error));
  assert.equal(await scheduled(view), [
    { type: './activities/third.ts', timeoutS: 20, attempts: 3, params: { same: 'hi' } },
  ]);
  assert.equal(activityOf(view, 'it').output, { same: 'hi' });
  assert.is(activityOf(view, 'it').attempts, 3);
});

limits('a script whose cell is killed from outside ends as SCRIPT_KILLED, and the host goes on', async () => {
  if (process.platform !== 'linux') return;
  const isCell = ({ command }: Process) => command.includes('--permission') && !command.includes('--liftoff-only');
  const ended = failing('sleepy', 'SCRIPT_KILLED');
  await sleep(1500);
  for (const { pid } of descendants(process.pid).filter(isCell)) process.kill(pid, 'SIGKILL');
  assert.is((await ended).attempts, 1);
});

limits('afterwards the host still serves, and nothing of the scripts runs on', async () => {
  const view = await stand.run('fine', { tenantOrganizationId: TENANT });
  assert.is(view.status, 'completed');
  if (process.platform !== 'linux') return;
  const cpu = () =>
    descendants(process.pid)
      .filter(({ command }) => command.includes('--permission'))
      .reduce((sum, one) => sum + one.cpu, 0);
  const before = cpu();
  await sleep(1000);
  assert.ok(cpu() - before < 20, 'a cell is at work');
});

limits.run();
