// timeout: 240
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createFhirCapability } from '../../host/broker/fhir.ts';
import { type FhirServer, startFhirServer } from '../../host/embedded/fhir/index.ts';
import { createRecord } from '../../host/temporal/activities/record.ts';
import { until } from '../embedded/until.ts';
import { activityOf, type TestHost, testHost } from '../stand/host.ts';
import { script, workflow } from '../stand/project.ts';
import { type BillingRecord, recordsOf, runView } from './host.ts';
import { descendants } from './processes.ts';
import { startWitness, telling, tellingProject, tenantsFile, type Witness } from './witness.ts';

const record = suite('the BillingWorkflow resource of a run');
const closing: (() => Promise<unknown>)[] = [];
const TENANT = 'org-1';
let witness: Witness;
let stand: TestHost;
let client: Client;
let fhirUrl: string;

record.before(async () => {
  witness = await startWitness();
  closing.push(() => witness.close());
  stand = await testHost({
    ...tellingProject(witness),
    ...script(
      'look',
      "return fhir.search('BillingWorkflow', { identifier: 'urn:temporal:run-id|' + run.id });",
      "import { fhir, run } from 'cloister';",
    ),
    ...script('fail', "throw new Error('no coverage found');"),
    ...workflow('look', { rootChildren: ['look'], activities: [{ id: 'look', script: './activities/look.ts' }] }),
    ...workflow('fail', { rootChildren: ['bad'], activities: [{ id: 'bad', script: './activities/fail.ts' }] }),
    ...workflow('held', { rootChildren: ['a', 'b'], activities: [telling('a'), telling('b')] }),
    ...workflow('wide', {
      execution: 'parallel',
      rootChildren: ['a', 'b', 'sub'],
      activities: [
        telling('a'),
        telling('b', { decoupled: true }),
        { id: 'sub', childWorkflow: 'under', params: { witness: '$input.witness' } },
      ],
    }),
    'workflows/broken.yaml': 'id: broken\nname: broken\nrootChildren: [nowhere]\nactivities: []\n',
    ...workflow('under', { rootChildren: ['u'], activities: [telling('u')] }),
  });
  closing.push(() => stand.close());
  await writeFile(join(stand.dataDir, 'tenants.yaml'), tenantsFile(witness, [TENANT]));
  fhirUrl = stand.host.stack.fhirUrl;
  const connection = await Connection.connect({ address: stand.host.stack.temporal?.address ?? '' });
  closing.push(() => connection.close());
  client = new Client({ connection });
});
record.after.each(() => witness.release());
record.after(async () => {
  for (const close of closing.reverse()) await close();
});

const input = (): Record<string, unknown> => ({ witness: witness.url, tenantOrganizationId: TENANT });

/** A new run that is inside each of `activities`. */
async function held(name: string, activities: readonly string[]): Promise<{ workflowId: string; runId: string }> {
  const before = new Map(activities.map((activity) => [activity, witness.count('start', activity)]));
  for (const activity of activities) witness.hold(activity);
  const { status, body } = await stand.start(name, input());
  assert.is(status, 202, JSON.stringify(body));
  for (const [activity, count] of before) await witness.seen('start', activity, count + 1);
  return { workflowId: String(body.workflowId), runId: String(body.runId) };
}

async function only(runId: string): Promise<BillingRecord> {
  const [found, ...more] = await recordsOf(fhirUrl, TENANT, runId);
  if (!found || more.length > 0) throw new Error(`expected one resource, found ${found ? more.length + 1 : 0}`);
  return found;
}

const fhirPid = (): number => descendants(process.pid).find(({ command }) => command.includes('fhir.db'))?.pid ?? 0;

async function whileFhirIsDown<T>(work: () => Promise<T>): Promise<T> {
  process.kill(fhirPid(), 'SIGKILL');
  await until(() => fhirPid() === 0, 20_000);
  let server: FhirServer | undefined;
  try {
    return await work();
  } finally {
    server = await startFhirServer({ dbFile: join(stand.dataDir, 'fhir.db'), port: Number(new URL(fhirUrl).port) });
    closing.push(server.close);
  }
}

record('stands in-progress with both Temporal ids before the first script starts', async () => {
  const view = await stand.run('look', { tenantOrganizationId: TENANT });
  assert.is(view.status, 'completed', JSON.stringify(view.error));
  const seen = activityOf(view, 'look').output as { entry?: { resource: BillingRecord }[] };
  const [entry] = seen.entry ?? [];
  assert.is(entry?.resource.status, 'in-progress');
  const ids = new Map(entry?.resource.identifier.map(({ system, value }) => [system, value]));
  assert.is(ids.get('urn:temporal:workflow-id'), view.workflowId);
  assert.is(ids.get('urn:temporal:run-id'), view.runId);
  assert.is(ids.get('urn:cloister:workflow'), 'look');
});

record('becomes completed or failed, with the end of the run', async () => {
  for (const [name, status] of [
    ['look', 'completed'],
    ['fail', 'failed'],
  ] as const) {
    const view = await stand.run(name, { tenantOrganizationId: TENANT });
    assert.is(view.status, status);
    const found = await only(view.runId);
    assert.is(found.status, status);
    assert.ok(String(found.executionPeriod.end) >= found.executionPeriod.start);
    assert.equal(view.billingWorkflow, { reference: `BillingWorkflow/${found.id}`, status });
  }
});

record('belongs to the tenant of the run: another tenant neither finds nor reads it', async () => {
  const { runId } = await stand.run('look', { tenantOrganizationId: TENANT });
  const { id } = await only(runId);
  assert.equal(await recordsOf(fhirUrl, 'org-2', runId), []);
  const read = await fetch(`${fhirUrl}/Organization/org-2/fhir/BillingWorkflow/${id}`);
  assert.ok([403, 404].includes(read.status), String(read.status));
});

record('is one also when its create is repeated', async () => {
  const { host: fhir, close } = fhirCapability();
  const args = {
    tenant: TENANT,
    workflowId: 'twice',
    runId: crypto.randomUUID(),
    workflow: 'look',
    branch: null,
    commit: null,
    start: '2026-03-02T09:00:00.000Z',
  };
  const ids = await Promise.all([createRecord(fhir, args), createRecord(fhir, args)]);
  ids.push(await createRecord(fhir, args));
  await close();
  assert.is(new Set(ids).size, 1);
  assert.is((await only(args.runId)).id, ids[0]);
});

function fhirCapability() {
  return createFhirCapability({ baseUrl: fhirUrl, mode: 'organization-prefix', auth: null });
}

record('of a run whose YAML is broken is failed, and says why', async () => {
  const input = { tenantOrganizationId: TENANT };
  const args = { workflow: 'broken', branch: null, input, trigger: { type: 'schedule', id: 'nightly' } };
  const workflowId = crypto.randomUUID();
  const handle = await client.workflow.start('billingWorkflow', { taskQueue: 'billing', workflowId, args: [args] });
  const view = await stand.follow('broken', handle.firstExecutionRunId);
  assert.is(view.status, 'failed');
  assert.is(view.error?.code, 'PLAN_INVALID');
  assert.match(String(view.error?.message), /broken\.yaml:\d+.*nowhere/);
  assert.is((await only(view.runId)).status, 'failed');
  assert.equal(view.trigger, { type: 'schedule', id: 'nightly' });
});

record('a terminated run is failed, its script ends, and the API closes the resource', async () => {
  const { workflowId, runId } = await held('held', ['a']);
  const hungUp = witness.hungUp;
  await client.workflow.getHandle(workflowId, runId).terminate('by a test');
  const view = await stand.follow('held', runId);
  assert.is(view.status, 'failed');
  assert.is(view.error?.code, 'TERMINATED');
  assert.is(view.billingWorkflow?.status, 'failed');
  const found = await only(runId);
  assert.is(found.status, 'failed');
  assert.is(found.executionPeriod.end, view.executionPeriod.end);
  await until(() => witness.hungUp > hungUp, 10_000);
  assert.is(witness.count('start', 'b', runId), 0);
});

record('a cancelled run is failed with CANCELLED; its scripts, branches and child runs end', async () => {
  const ids = await held('wide', ['a', 'b', 'u']);
  const hungUp = witness.hungUp;
  await stand.host.runs.cancel(ids);
  const view = await stand.follow('wide', ids.runId);
  assert.is(view.status, 'failed');
  assert.is(view.error?.code, 'CANCELLED');
  assert.is((await only(ids.runId)).status, 'failed');
  assert.is(witness.hungUp, hungUp + 3, 'a script outlived its run');
  assert.ok(!view.activities?.some(({ status }) => status === 'running'), JSON.stringify(view.activities));
  const child = await stand.follow('under', String(activityOf(view, 'sub').childRun?.runId));
  assert.is(child.error?.code, 'CANCELLED');
  assert.is((await only(child.runId)).status, 'failed');
});

record('a run that is cancelled while the resource is created leaves none open', async () => {
  const pid = fhirPid();
  process.kill(pid, 'SIGSTOP');
  const { body } = await stand.start('look', { tenantOrganizationId: TENANT });
  const ids = { workflowId: String(body.workflowId), runId: String(body.runId) };
  await new Promise((resolve) => setTimeout(resolve, 500));
  await stand.host.runs.cancel(ids);
  // The workflow learns of it when its task is reported alive, 8 s after the create began.
  await new Promise((resolve) => setTimeout(resolve, 9500));
  process.kill(pid, 'SIGCONT');
  const view = await stand.follow('look', ids.runId);
  assert.is(view.error?.code, 'CANCELLED');
  assert.is((await only(ids.runId)).status, 'failed');
  assert.is(activityOf(view, 'look').status, 'pending');
});

record('a run that is terminated while the resource is created has it closed by the API', async () => {
  const pid = fhirPid();
  process.kill(pid, 'SIGSTOP');
  const { body } = await stand.start('look', { tenantOrganizationId: TENANT });
  const ids = { workflowId: String(body.workflowId), runId: String(body.runId) };
  await new Promise((resolve) => setTimeout(resolve, 500));
  await client.workflow.getHandle(ids.workflowId, ids.runId).terminate('by a test');
  process.kill(pid, 'SIGCONT');
  await until(async () => (await recordsOf(fhirUrl, TENANT, ids.runId)).length === 1, 10_000);
  const view = await runView(stand.host.url, 'look', ids.runId);
  assert.is(view.error?.code, 'TERMINATED');
  assert.is(view.billingWorkflow?.status, 'failed');
  assert.is((await only(ids.runId)).status, 'failed');
});

record('without FHIR at its start the run fails before any script', async () => {
  const view = await whileFhirIsDown(() => stand.run('held', input()));
  assert.is(view.status, 'failed');
  assert.is(view.error?.code, 'FHIR_UNAVAILABLE');
  assert.is(witness.count('start', 'a', view.runId), 0);
  assert.equal(
    view.activities?.map(({ status }) => status),
    ['pending', 'pending'],
  );
});

record('without FHIR at its end the outcome stands, and looking at the run mends the resource', async () => {
  const { runId } = await held('held', ['a']);
  const view = await whileFhirIsDown(() => {
    witness.release();
    return stand.follow('held', runId);
  });
  assert.is(view.status, 'completed');
  assert.is(view.billingWorkflow?.status, null);
  assert.is((await only(runId)).status, 'in-progress');
  const again = await runView(stand.host.url, 'held', runId);
  assert.is(again.billingWorkflow?.status, 'completed');
  const mended = await only(runId);
  assert.is(mended.status, 'completed');
  assert.is(mended.executionPeriod.end, again.executionPeriod.end);
});

record.run();
