// timeout: 90
/** Traces and figures of real runs: a collector that takes OTLP over HTTP is part of this process. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Client, Connection } from '@temporalio/client';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type TestHost, testHost } from '../stand/host.ts';
import { script, workflow } from '../stand/project.ts';

const traces = suite('traces of a run');

interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly attributes: readonly { key: string; value: { stringValue?: string } }[];
  readonly status: { code?: number; message?: string };
}

const spans: OtlpSpan[] = [];
const authorizations = new Set<string | undefined>();
let raw = '';
const collector = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  raw += text;
  authorizations.add(request.headers['x-collector-key'] as string | undefined);
  if (request.url === '/v1/traces') {
    const { resourceSpans } = JSON.parse(text) as { resourceSpans: { scopeSpans: { spans: OtlpSpan[] }[] }[] };
    spans.push(...resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)));
  }
  response.setHeader('content-type', 'application/json').end('{}');
});
let stand: TestHost;

traces.before(async () => {
  collector.listen(0, '127.0.0.1');
  await once(collector, 'listening');
  process.env.OTEL_EXPORTER_OTLP_ENDPOINT = `http://127.0.0.1:${(collector.address() as AddressInfo).port}/`;
  process.env.OTEL_EXPORTER_OTLP_HEADERS = 'x-collector-key=key%20of%20the%20collector';
  stand = await testHost({
    'cloister.yaml': 'capabilities: [fhir, log]\n',
    ...script(
      'save',
      `await fhir.create({ resourceType: 'Patient', name: [{ family: 'canary-of-a-patient' }] }); return 1;`,
      `import { fhir } from 'cloister';`,
    ),
    ...script('fails', `await fhir.read('Patient', 'none'); return 1;`, `import { fhir } from 'cloister';`),
    ...workflow('inner', { rootChildren: ['save'], activities: [{ id: 'save', script: './activities/save.ts' }] }),
    ...workflow('outer', {
      rootChildren: ['save', 'child', 'fails'],
      activities: [
        { id: 'save', script: './activities/save.ts' },
        { id: 'child', childWorkflow: 'inner' },
        { id: 'fails', script: './activities/fails.ts' },
      ],
    }),
  });
});
traces.after(async () => {
  await stand?.close();
  collector.close();
  collector.closeAllConnections();
});

async function eventually<T>(find: () => T | undefined): Promise<T> {
  const limit = performance.now() + 15_000;
  for (;;) {
    const found = find();
    if (found !== undefined) return found;
    if (performance.now() > limit) throw new Error(`not among ${spans.map(({ name }) => name).join(', ')}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const named = (name: string, trace: string): OtlpSpan[] =>
  spans.filter((span) => span.name === name && span.traceId === trace);
const wordOf = (span: OtlpSpan, name: string): string | undefined =>
  span.attributes.find(({ key }) => key === name)?.value.stringValue;

traces(
  'one trace holds request, run, activity, cell and call, each within the one before, under the caller’s own',
  async () => {
    const trace = '0af7651916cd43dd8448eb211c80319c';
    const response = await fetch(`${stand.host.url}/workflows/outer/run`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', traceparent: `00-${trace}-b7ad6b7169203331-01` },
      body: '{}',
    });
    const { runId } = (await response.json()) as { runId: string };
    const view = await stand.follow('outer', runId);
    assert.is(view.status, 'failed', 'its last script asks for what is not there');
    const runs = await eventually(() => {
      const found = named('RunWorkflow:billingWorkflow', trace);
      return found.length === 2 && named('fhir.read', trace).length > 0 ? found : undefined;
    });
    const [request] = named('POST /workflows/{id}/run', trace);
    assert.is(request?.parentSpanId, 'b7ad6b7169203331');
    const [started] = named('StartWorkflow:billingWorkflow', trace);
    assert.is(started?.parentSpanId, request?.spanId);
    const outer = runs.find((span) => wordOf(span, 'temporal.run.id') === runId);
    const inner = runs.find((span) => span !== outer);
    assert.is(outer?.parentSpanId, started?.spanId);
    assert.is(inner?.parentSpanId, outer?.spanId, 'a child is part of its parent');
    const activities = named('RunActivity:./activities/save.ts', trace);
    assert.equal(new Set(activities.map(({ parentSpanId }) => parentSpanId)), new Set([outer?.spanId, inner?.spanId]));
    for (const activity of activities) {
      const cell = named('cell', trace).find(({ parentSpanId }) => parentSpanId === activity.spanId);
      const call = named('fhir.create', trace).find(({ parentSpanId }) => parentSpanId === cell?.spanId);
      assert.ok(call, JSON.stringify(spans));
    }
    const [plan] = named('RunActivity:cloister:loadPlan', trace);
    assert.is(plan?.parentSpanId, outer?.spanId, 'steps of the host too');
    const [failed] = named('fhir.read', trace);
    assert.equal([failed?.status.code, failed?.status.message], [2, 'NOT_FOUND']);
    assert.equal([outer?.status.code, outer?.status.message], [2, 'SCRIPT_ERROR']);
    assert.equal([...authorizations], ['key of the collector']);
  },
);

traces('nothing of what a script sends or says is in a trace', () => {
  assert.ok(raw.includes('fhir.create'));
  assert.not.match(raw, 'canary-of-a-patient');
  assert.not.match(raw, 'Patient/none');
});

traces('a caller who does not want to be traced is not, nor is what he starts', async () => {
  const trace = '1af7651916cd43dd8448eb211c80319c';
  const headers = { 'content-type': 'application/json', traceparent: `00-${trace}-b7ad6b7169203331-00` };
  const response = await fetch(`${stand.host.url}/workflows/inner/run`, { method: 'POST', headers, body: '{}' });
  const { runId } = (await response.json()) as { runId: string };
  assert.is((await stand.follow('inner', runId)).status, 'completed');
  // What comes after it has come: so would it have.
  const marker = await stand.run('inner');
  await eventually(() =>
    spans.find((span) => wordOf(span, 'temporal.run.id') === marker.runId && /^RunW/.test(span.name)),
  );
  assert.equal(
    spans.filter(({ traceId }) => traceId === trace),
    [],
  );
});

traces('a run that came without a trace, as from a schedule, is one of its own', async () => {
  const { temporal } = stand.host.stack;
  const connection = await Connection.connect({ address: temporal?.address ?? '' });
  const client = new Client({ connection, namespace: temporal?.namespace ?? '' });
  const workflowId = crypto.randomUUID();
  const { taskQueue } = await client.workflow.getHandle((await stand.run('inner')).workflowId).describe();
  const args = [{ workflow: 'inner', branch: null, input: {}, trigger: { type: 'schedule', id: 'nightly' } }];
  const handle = await client.workflow.start('billingWorkflow', { taskQueue, workflowId, args });
  await handle.result();
  await connection.close();
  const trace = handle.firstExecutionRunId.replaceAll('-', '');
  const run = await eventually(() => named('RunWorkflow:billingWorkflow', trace)[0]);
  assert.not(run.parentSpanId);
  assert.is(named('RunActivity:./activities/save.ts', trace)[0]?.parentSpanId, run.spanId);
});

traces('the figures of those runs are served, and have no label that a tenant or a project could choose', async () => {
  const text = await (await fetch(`${stand.host.url}/metrics`)).text();
  const figure = (series: string): number => {
    const line = text.split('\n').find((each) => each.startsWith(`cloister_${series} `));
    assert.ok(line, `${series} in\n${text}`);
    return Number(line.split(' ').at(-1));
  };
  assert.ok(figure('runs_started_total{trigger="manual"}') >= 4);
  assert.ok(figure('runs_started_total{trigger="workflow"}') >= 1);
  assert.is(figure('runs_started_total{trigger="schedule"}'), 1);
  assert.is(figure('runs_closed_total{outcome="SCRIPT_ERROR"}'), 1);
  assert.ok(figure('runs_closed_total{outcome="completed"}') >= 4);
  assert.is(figure('scripts_total{outcome="SCRIPT_ERROR"}'), 1);
  assert.ok(figure('activity_duration_seconds_count{kind="cloister:createRecord",outcome="completed"}') >= 5);
  assert.ok(figure('activity_duration_seconds_count{kind="script",outcome="completed"}') >= 5);
  assert.is(figure('capability_call_duration_seconds_count{method="fhir.read",outcome="NOT_FOUND"}'), 1);
  assert.ok(figure('capability_call_duration_seconds_count{method="fhir.create",outcome="ok"}') >= 5);
  assert.ok(figure('script_wait_seconds_count') >= 6);
  assert.ok(figure('script_cpu_seconds_total') > 0);
  assert.ok(figure('cache_lookups_total{cache="plan",result="hit"}') >= 5);
  assert.is(figure('code_cache_lookups_total{result="miss"}'), 2, 'two scripts in one cell');
  assert.ok(figure('code_cache_lookups_total{result="hit"}') >= 4);
  assert.is(figure('cells'), 1);
  assert.ok(figure('cells_resident_memory_bytes') > 2 ** 20);
  assert.is(figure('cells_killed_total{reason="memory"}'), 0);
  const words = new Set(
    [...text.matchAll(/^cloister_\w+\{(.*)\} /gm)].flatMap(([, all = '']) => all.match(/\w+(?==")/g)),
  );
  assert.is(
    [...words].sort().join(' '),
    'cache kind le method operation outcome process reason result ring status trigger',
  );
  assert.not.match(text, 'outer');
});

traces.run();
