// timeout: 120
/** Two hosts over one Temporal, one database and one FHIR server: whoever is asked, the answers are the same. */
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createFhirCapability } from '../../host/broker/fhir.ts';
import { readEnvironment } from '../../host/env.ts';
import { openDataFolder } from '../../host/folder.ts';
import { type Host, startHost } from '../../host/host.ts';
import type { HostOptions } from '../../host/options.ts';
import { openRows } from '../../host/rows.ts';
import { keyedBy } from '../../host/runs/idempotency.ts';
import { Runs } from '../../host/runs/index.ts';
import { runView } from '../../host/runs/schema.ts';
import type { RunView } from '../../host/runs/view.ts';
import { startStack } from '../../host/stack.ts';
import { closeRecord, createRecord } from '../../host/temporal/activities/record.ts';
import { developmentTenants } from '../../host/tenants.ts';
import { caller, eventually } from '../api/call.ts';
import { PLAIN } from '../stand/plain.ts';
import { script, temporaryFolder, workflow, writeFiles } from '../stand/project.ts';
import { events } from './events.ts';

const hosts = suite('two hosts over the same servers');
const owned = new AsyncDisposableStack();
const NAMES = ['one', 'two'] as const;
const made: Host[] = [];
let one: ReturnType<typeof caller>;
let two: ReturnType<typeof caller>;
let client: Client;
let fhirUrl: string;

const step = (id: string, file = 'echo') => ({
  id,
  script: `./activities/${file}.ts`,
  params: { word: '$input.word' },
});
const FILES = {
  ...script('echo', 'return input;'),
  ...script('wait', 'await new Promise((done) => setTimeout(done, 25_000));'),
  ...workflow('echo', { rootChildren: ['a', 'b'], activities: [step('a'), step('b')] }),
  ...workflow('wait', { rootChildren: ['a', 'w'], activities: [step('a'), step('w', 'wait')] }),
};

hosts.before(async () => {
  const temporary = await temporaryFolder('hosts');
  owned.defer(() => temporary.remove());
  const project = join(temporary.path, 'project');
  await writeFiles(project, FILES);
  const folder = await openDataFolder(join(temporary.path, 'data'));
  owned.defer(() => folder.close());
  const stack = await startStack({ environment: readEnvironment(), folder, progress: () => undefined });
  owned.defer(() => stack.close());
  fhirUrl = stack.fhirUrl;
  const rows = openRows(stack.supabase);
  const address = stack.temporal?.address ?? '';
  const options: HostOptions = {
    ...PLAIN,
    temporal: { address, namespace: 'default' },
    fhir: { baseUrl: stack.fhirUrl, mode: 'organization-prefix', auth: null },
    db: null,
    store: rows,
    rows,
    auditStore: rows,
    cells: { most: 2, memoryMb: null },
    quarantineStore: rows,
    quarantine: { kills: 5, windowMs: 60_000 },
    project: { kind: 'working-tree', dir: project },
    tenants: developmentTenants(folder.file('tenants.yaml'), () => undefined),
    cacheDir: join(temporary.path, 'workflows'),
  };
  for (const _ of NAMES) made.push(await startHost(options));
  owned.defer(async () => void (await Promise.all(made.map((host) => host.close()))));
  [one, two] = made.map(({ url }) => caller(url)) as [typeof one, typeof two];
  const connection = await Connection.connect({ address });
  owned.defer(() => connection.close());
  client = new Client({ connection });
});
hosts.after(async () => {
  await owned.disposeAsync();
});

function ended(api: typeof one, path: string): Promise<RunView> {
  return eventually(async () => {
    const { body } = await api.get(path);
    return body.status === 'in-progress' ? null : (runView.parse(body) as RunView);
  });
}

hosts('a run started at one is shown and listed at the other, alike', async () => {
  const { body } = await one.post('/workflows/echo/run', { word: 'hi' });
  const path = `/workflows/echo/runs/${body.runId}`;
  assert.is((await two.get(path)).status, 200, 'at once');
  await ended(one, path);
  assert.equal((await two.get(path)).body, (await one.get(path)).body);
  const lists = await eventually(async () => {
    const [mine, other] = await Promise.all([one.get('/runs'), two.get('/runs')]);
    return mine.body.runs[0]?.status === 'completed' ? [mine.body, other.body] : null;
  });
  assert.equal(lists[1], lists[0]);
});

hosts('ADM-10 one key at both hosts at once is one run, and later too', async () => {
  const key = { 'idempotency-key': 'both' };
  const answers = await Promise.all(
    [one, two, one, two].map((api) => api.post('/workflows/echo/run', { word: 'x' }, key)),
  );
  assert.equal(new Set(answers.map(({ status, body }) => JSON.stringify([status, body]))).size, 1);
  await ended(two, `/workflows/echo/runs/${answers[0]?.body.runId}`);
  const later = await two.post('/workflows/echo/run', { word: 'x' }, key);
  assert.equal(later.body, answers[0]?.body);
  assert.is(later.headers.get('idempotency-replayed'), 'true');
  const other = await one.post('/workflows/echo/run', { word: 'y' }, key);
  assert.equal([other.status, other.body.code], [409, 'IDEMPOTENCY_CONFLICT']);
});

hosts('one follows, cancels and runs again what the other has started', async () => {
  const { body } = await one.post('/workflows/wait/run', { word: 'hi' });
  const path = `/workflows/wait/runs/${body.runId}`;
  const got: string[] = [];
  for await (const { event, data } of events(`${made[1]?.url}${path}/events`)) {
    const view = JSON.parse(data) as RunView;
    got.push(`${event} ${view.status}`);
    if (view.activities?.[1]?.status === 'running' && view.status === 'in-progress' && !got.includes('cancelled')) {
      assert.is((await two.post(`${path}/cancel`, {})).status, 202);
      got.push('cancelled');
    }
  }
  assert.equal(got.slice(-2), ['run failed', 'end failed']);
  const again = await two.post(`${path}/rerun`, { from: 'w' });
  assert.is(again.status, 202, JSON.stringify(again.body));
  const shown = await eventually(async () => {
    const view = (await one.get(`/workflows/wait/runs/${again.body.runId}`)).body as RunView;
    return view.activities?.[1]?.status === 'running' ? view : null;
  });
  assert.equal([shown.activities?.[0]?.reusedFrom, shown.activities?.[0]?.output], [body.runId, { word: 'hi' }]);
  await one.post(`/workflows/wait/runs/${again.body.runId}/terminate`, {});
});

hosts('a run that Temporal has forgotten has the status of its resource, for its tenant alone', async () => {
  const fhir = createFhirCapability({ baseUrl: fhirUrl, mode: 'organization-prefix', auth: null });
  owned.defer(async () => fhir.close?.());
  const tenant = 'org-1';
  const ids = { workflowId: 'prebill-of-old/days', runId: '01a1fe47-0000-7000-8000-000000000001' };
  const start = '2026-03-02T09:00:00.000Z';
  // As the steps of a run make it.
  const about = { tenant, ...ids, workflow: 'echo', branch: 'main', commit: null, start };
  const id = await createRecord(fhir.host, about);
  await closeRecord(fhir.host, { tenant, id, status: 'completed', end: '2026-03-02T09:00:04.120Z' });
  const [own, foreign] = await Promise.all(
    [tenant, 'org-2'].map(async (of) => {
      const { body } = await one.post('/keys', { name: of, role: 'viewer', tenant: of });
      return { authorization: `Bearer ${body.key}` };
    }),
  );
  for (const asked of [ids.runId, encodeURIComponent(ids.workflowId)]) {
    const { status, body } = await two.get(`/workflows/echo/runs/${asked}`, own);
    assert.is(status, 200, JSON.stringify(body));
    const view = runView.parse(body) as RunView;
    assert.equal([view.runId, view.workflowId], [ids.runId, ids.workflowId]);
    assert.equal([view.status, view.activities, view.branch, view.trigger], ['completed', null, 'main', null]);
    assert.equal(view.executionPeriod, { start, end: '2026-03-02T09:00:04.120Z' });
    assert.equal(view.billingWorkflow, { reference: `BillingWorkflow/${id}`, status: 'completed' });
    assert.is((await two.get(`/workflows/echo/runs/${asked}`, foreign)).body.code, 'RUN_NOT_FOUND');
    assert.is((await two.get(`/workflows/wait/runs/${asked}`, own)).body.code, 'RUN_NOT_FOUND');
  }
});

hosts('without a database Temporal alone keeps one key to one run, also when the run has ended', async () => {
  const fhir = createFhirCapability({ baseUrl: fhirUrl, mode: 'organization-prefix', auth: null });
  owned.defer(async () => fhir.close?.());
  const bare = () => new Runs(client, fhir.host, { queue: 'nobody' });
  for (const named of [null, 'named-without']) {
    const keyed = keyedBy(null, `key of ${named}`, { word: 'x' });
    const begin = async (runs: Runs, wanted = keyed) => {
      const attempt = await runs.keyed.claim(wanted, named);
      return runs.start({ workflow: 'echo', branch: null, input: {}, attempt });
    };
    const [first, second] = await Promise.all([begin(bare()), begin(bare())]);
    assert.equal(second, first);
    const error = await begin(bare(), keyedBy(null, `key of ${named}`, { word: 'y' })).catch((reason) => reason.code);
    assert.is(error, 'IDEMPOTENCY_CONFLICT');
    await client.workflow.getHandle(first?.workflowId ?? '').terminate();
    assert.is((await begin(bare())).runId, first?.runId, 'it has ended, and is not run again');
    const found = await bare().keyed.find(keyed, named);
    assert.is((found?.body as { runId?: string } | undefined)?.runId, first?.runId);
  }
});

hosts.run();
