// timeout: 150
/** Projects on a whole host by the API alone: published, run, measured (PW-38), and diagnosed by what their runs fail of (PW-39). */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { caller } from '../api/call.ts';
import { type TestHost, testHost } from '../stand/host.ts';
import { complaintsOf, SHOWN_BY_RUNS, told } from './complaints.ts';
import { until } from './hosted.ts';

const test = suite('projects of a whole host');
let stand: TestHost;
let api: ReturnType<typeof caller>;
let project: string;
/** Ids of components by their names. */
const components = new Map<string, string>();

const ACTIVITIES = {
  greet: 'export async function greet(name: string) { console.log("hi"); return "hello ".concat(name); }',
  breaks: 'export async function breaks() { throw new TypeError("no such mailbox"); }',
  dawdles: 'export async function dawdles() { await new Promise((done) => setTimeout(done, 30_000)); }',
  idles: 'export async function idles() { await new Promise((done) => setTimeout(done, 50_000)); }',
  calls:
    "import { http } from 'cloister'; export const calls = (url: string) => http.fetch(url).then(String, (error) => error.message);",
  hangs: 'export const hangs = () => Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1);',
  hoards:
    'export async function hoards() { const all = []; for (;;) all.push(new Array(100_000).fill(Math.random())); }',
};

const WORKFLOWS = `
import { proxyActivities, condition, defineQuery, defineSignal, log, setHandler } from '@temporalio/workflow';
import type * as activities from './activities';
const once = proxyActivities<any>({ startToCloseTimeout: '1 minute', retry: { maximumAttempts: 1 } });
const named = proxyActivities<any>({ startToCloseTimeout: '1 minute', activityId: 'say#1' });
const twice = proxyActivities<any>({ startToCloseTimeout: '1 minute', retry: { maximumAttempts: 2, initialInterval: '50ms' } });
const quick = proxyActivities<any>({ startToCloseTimeout: '1 second', retry: { maximumAttempts: 1 } });
const ever = proxyActivities<any>({ startToCloseTimeout: '1 minute', retry: { initialInterval: '100ms', backoffCoefficient: 1 } });
const thrice = proxyActivities<any>({ startToCloseTimeout: '1 minute', retry: { maximumAttempts: 3 } });
export async function greeting(name: string) { log.warn('greets', { name }); return { said: await named.greet(name) }; }
export async function calling(urls: string[]) { const told = []; for (const url of urls) told.push(await once.calls(url)); return told; }
export async function hanging() { return once.hangs(); }
export async function idling() { return thrice.idles(); }
export async function misspelt() { return once.gret('x'); }
export async function breaking() { return twice.breaks(); }
export async function dawdling() { return quick.dawdles(); }
export async function hoarding() { return once.hoards(); }
export async function bloating() { const all = []; for (;;) all.push(new Array(1000).fill(all.length)); }
export async function trying() { return ever.breaks(); }
export async function waiting() {
  let done = false;
  const heard: unknown[] = [];
  setHandler(defineSignal('finish'), () => { done = true; });
  setHandler(defineSignal('say'), (...words: unknown[]) => { heard.push(words); });
  setHandler(defineQuery('heard'), (after: number) => heard.slice(after));
  setHandler(defineQuery('broken'), () => { throw new Error('no such thing'); });
  await condition(() => done);
  return 1;
}
`;

test.before(async () => {
  stand = await testHost({}, { quarantineKills: 1 });
  api = caller(stand.host.url);
  project = (await api.post('/projects', { name: 'Runs', tenant: 'org-1' })).body.id;
  for (const [name, code] of Object.entries(ACTIVITIES)) {
    components.set(name, (await api.post(`/projects/${project}/components`, { name, code })).body.id);
  }
});
test.after(() => stand.close());

const definition = () => ({
  nodes: [...components.values()].map((componentId, at) => ({ id: `${at}`, type: 'activity', data: { componentId } })),
  edges: [],
});
const start = (type: string, args: unknown[] = [], workflowId?: string) =>
  api.post(`/projects/${project}/runs`, { type, args, ...(workflowId && { workflowId }) });
const show = async (workflowId: string) => (await api.get(`/projects/${project}/runs/${workflowId}`)).body;
const ended = (workflowId: string) =>
  until(async () => {
    const run = await show(workflowId);
    return run.status !== 'running' && run;
  }, `the end of ${workflowId}`);

let workflowId: string;

test('a workflow that does not compile is not published, and nothing of it is kept', async () => {
  const made = await api.post(`/projects/${project}/workflows`, { name: 'runs', definition: definition() });
  workflowId = made.body.id;
  assert.equal([made.status, made.body.warnings], [201, []]);
  const code = { workflow_code: 'export async function greeting() { awiat x; }' };
  const refused = await api.post(`/workflows/${workflowId}/publish`, { compiledTypescript: code });
  assert.equal([refused.status, refused.body.code], [422, 'WORKFLOW_INVALID']);
  const [problem] = refused.body.problems;
  assert.is(problem.code, 'WORKFLOW_SYNTAX');
  assert.match(problem.where, /^runs workflow_code 1:\d+$/);
  assert.is(refused.body.error, problem.error);
  const kept = (await api.get(`/projects/${project}/workflows/${workflowId}`)).body;
  assert.equal([kept.status, kept.compiledTypescript], ['draft', null]);
  const forbidden = { workflow_code: "import fs from 'node:fs';\nexport async function greeting() { return fs; }" };
  const imports = await api.post(`/workflows/${workflowId}/publish`, { compiledTypescript: forbidden });
  assert.is(imports.body.problems[0].code, 'IMPORT_FORBIDDEN');
});

test('what is wrong with code is told by whatever call brings it, and the code is kept', async () => {
  const at = `/projects/${project}/workflows`;
  const bare = 'export async function bare() {}';
  const made = await api.post(at, { name: 'bare', compiledTypescript: bare });
  const codes = ({ body }: typeof made) => body.warnings.map(({ code }: { code: string }) => code);
  assert.equal([made.status, made.body.compiledTypescript, codes(made)], [201, bare, ['COMPILED_NOT_JSON']]);
  const change = (body: object) => api.send('PATCH', `${at}/${made.body.id}`, body);
  const broken = await change({ compiledTypescript: { workflow_code: 'export async function bare() { awiat x; }' } });
  assert.equal([broken.status, codes(broken)], [200, ['WORKFLOW_SYNTAX']]);
  assert.match(broken.body.warnings[0].where, /^bare workflow_code 1:\d+$/);
  assert.equal(codes(await change({ compiledTypescript: { workflow_code: bare } })), []);
  assert.equal(codes(await change({ compiledTypescript: bare })), ['COMPILED_NOT_JSON']);
  assert.equal(codes(await change({ name: 'still bare' })), [], 'the call brought no code');
});

test('PW-6 a workflow that is published after the start of an empty project runs, pinned to the digest that was told', async () => {
  const started = await api.post('/workers/start', { projectId: project });
  assert.equal(
    [started.status, started.body.warnings?.[0]?.code],
    [200, 'NO_COMPILED_WORKFLOWS'],
    JSON.stringify(started.body),
  );
  const published = await api.post(`/workflows/${workflowId}/publish`, {
    compiledTypescript: { workflow_code: WORKFLOWS },
    version: '1',
  });
  assert.is(published.status, 200, JSON.stringify(published.body));
  const { workflow, compilation, types, codeDigest } = published.body;
  assert.equal([workflow.status, compilation.version, compilation.isActive], ['active', '1', true]);
  assert.ok(types.includes('greeting'));
  const run = await start('greeting', ['Ann'], 'greeting-1');
  assert.equal([run.status, run.body.workflowId, run.body.deduplicated], [202, 'greeting-1', false]);
  const done = await ended('greeting-1');
  assert.equal([done.status, done.result, done.failure], ['completed', { said: 'hello Ann' }, null]);
  assert.is(done.codeDigest, codeDigest);
  const compilations = (await api.get(`/projects/${project}/workflows/${workflowId}/compilations`)).body.compilations;
  assert.equal(
    compilations.map(({ version }: { version: string }) => version),
    ['1'],
  );
});

test('a run of a type that is not there is refused; a second start under an id finds the run; other queues show nothing', async () => {
  const unknown = await start('greting');
  assert.equal([unknown.status, unknown.body.problems[0].code], [422, 'WORKFLOW_TYPE_UNKNOWN']);
  assert.match(unknown.body.error, /found workflow type "greting", expected one of .*greeting/);
  for (const reserved of ['billingWorkflow', 'constructor', '__proto__'])
    assert.is((await start(reserved)).body.problems[0].code, 'RESERVED_NAME');
  const first = await start('waiting', [], 'waiting-1');
  const second = await start('waiting', [], 'waiting-1');
  assert.equal([second.status, second.body], [200, { ...first.body, deduplicated: true }]);
  assert.is((await start('greeting', ['x'], 'waiting-1')).body.code, 'WORKFLOW_ID_TAKEN');
  assert.equal(first.body.warnings, []);
  const other = (await api.post('/projects', { name: 'Other', tenant: 'org-2' })).body.id;
  const flow = {
    name: 'idle',
    status: 'active',
    compiledTypescript: { workflow_code: 'export async function idle() {}' },
  };
  assert.is((await api.post(`/projects/${other}/workflows`, flow)).status, 201);
  const waits = await api.post(`/projects/${other}/runs`, { type: 'idle' });
  assert.equal([waits.status, waits.body.warnings[0]?.code], [202, 'WORKER_NOT_RUNNING']);
  assert.is((await api.get(`/projects/${other}/runs/waiting-1`)).status, 404);
  assert.is((await api.get(`/projects/${other}/runs`)).body.runs.length, 1);
  const moved = await api.send('PATCH', `/projects/${project}`, { taskQueueName: 'another-queue' });
  assert.equal([moved.status, moved.body.code], [409, 'TASK_QUEUE_IN_USE'], 'open runs sit on it');
});

test('PW-39 what runs fail of is shown by diagnose under its code, with run, activity and words', async () => {
  for (const type of ['misspelt', 'breaking', 'dawdling', 'hoarding', 'bloating', 'trying']) {
    assert.is((await start(type, [], type)).status, 202, type);
  }
  const failed = await ended('breaking');
  assert.is(failed.status, 'failed');
  assert.equal([failed.failure.cause.code, failed.failure.cause.message], ['TypeError', 'no such mailbox']);
  assert.not.match(JSON.stringify(failed), /node_modules|file:\/\/|\/work|node:internal/, 'PW-44');
  for (const type of ['misspelt', 'dawdling', 'hoarding', 'bloating'])
    assert.is((await ended(type)).status, 'failed', type);
  // The run that waits keeps its code; new ones get the new.
  const edited = await api.post(`/workflows/${workflowId}/publish`, {
    compiledTypescript: { workflow_code: `${WORKFLOWS}\nexport const edited = 1;` },
  });
  assert.is(edited.status, 200, JSON.stringify(edited.body));
  const diagnosis = await until(async () => {
    const { body } = await api.get(`/workers/${project}/diagnose`);
    const complaints = complaintsOf(body);
    return SHOWN_BY_RUNS.every((code) => complaints.includes(code)) && body;
  }, 'every complaint').catch(async () => (await api.get(`/workers/${project}/diagnose`)).body);
  assert.equal(
    SHOWN_BY_RUNS.filter((code) => !complaintsOf(diagnosis).includes(code)),
    [],
    JSON.stringify(diagnosis.checks.filter(({ ok }: { ok: boolean }) => !ok)),
  );
  assert.match(told(diagnosis, 'ACTIVITY_NOT_FOUND'), /activity gret of run misspelt: found ACTIVITY_NOT_FOUND.*greet/);
  assert.match(
    told(diagnosis, 'ACTIVITY_FAILING'),
    /activity breaks of run trying: found TypeError at attempt \d+: no such mailbox/,
  );
  assert.match(
    told(diagnosis, 'RUN_PINNED'),
    /run (waiting-1|trying): found code sha256:\w+, expected the current code sha256:\w+/,
  );
  assert.not.match(JSON.stringify(diagnosis), /node_modules|file:\/\/|node:internal/, 'PW-44');
});

test('an open run shows what it waits for: which activity, at which attempt of how many, and what it failed of', async () => {
  const trying = await until(async () => {
    const [activity] = (await show('trying')).pendingActivities;
    return activity?.error && activity;
  }, 'a failed attempt');
  assert.equal([trying.id, trying.name, trying.maximumAttempts], ['1', 'breaks', null]);
  assert.ok(trying.attempts >= 2 && ['pending', 'running'].includes(trying.status), JSON.stringify(trying));
  assert.equal([trying.error.code, trying.error.message], ['TypeError', 'no such mailbox']);
  assert.not.match(JSON.stringify(trying), /node_modules|file:\/\/|\/work|node:internal/, 'PW-44');
  assert.is((await start('idling', [], 'idling-1')).status, 202);
  const idling = await until(async () => {
    const [activity] = (await show('idling-1')).pendingActivities;
    return activity?.heartbeatAt && activity;
  }, 'a sign of life');
  const { startedAt, heartbeatAt, ...told } = idling;
  assert.equal(told, {
    ...{ id: '1', name: 'idles', status: 'running', state: 'started', attempts: 1, maximumAttempts: 3 },
    ...{ nextAttemptAt: null, error: null },
  });
  assert.ok(Date.parse(startedAt) <= Date.parse(heartbeatAt));
  assert.equal((await show('greeting-1')).pendingActivities, []);
});

const RUN_CALLS = [
  ['GET', '', undefined],
  ['GET', '/logs', undefined],
  ['GET', '/queries/heard', undefined],
  ['POST', '/signal', { name: 'say' }],
  ['POST', '/cancel', {}],
  ['POST', '/terminate', {}],
] as const;

test('a run is told, asked, cancelled and terminated; one of another queue is as one that does not exist', async () => {
  const at = `/projects/${project}/runs`;
  const other = (await api.get('/projects')).body.projects.find(({ name }: { name: string }) => name === 'Other').id;
  for (const [method, path, body] of RUN_CALLS) {
    const answers = [];
    for (const id of ['waiting-1', 'nobodys']) {
      const { status, body: told } = await api.send(method, `/projects/${other}/runs/${id}${path}`, body);
      answers.push([status, { ...told, requestId: null }]);
    }
    assert.is(answers[0]?.[0], 404, path);
    assert.equal(answers[0], answers[1], path);
  }
  const [{ workflowId: idle }] = (await api.get(`/projects/${other}/runs`)).body.runs;
  const unanswered = api.get(`/projects/${other}/runs/${idle}/queries/x`);
  const say = (key: string, ...args: unknown[]) =>
    api.post(`${at}/waiting-1/signal`, { name: 'say', args }, { 'idempotency-key': key });
  const first = await say('k-1', 'a', 1);
  assert.equal([first.status, first.body.status, first.body.workflowId], [202, 'running', 'waiting-1']);
  assert.is((await say('k-1', 'a', 1)).status, 202, 'said once more, and heard once');
  await say('k-2', { b: 2 });
  const ask = (name: string, query = '') => api.get(`${at}/waiting-1/queries/${name}${query}`);
  assert.equal((await ask('heard')).body.result, [['a', 1], [{ b: 2 }]]);
  assert.equal((await ask('heard', `?args=${encodeURIComponent('[1]')}`)).body.result, [[{ b: 2 }]]);
  for (const [name, words] of [
    ['nothing', /nothing/],
    ['broken', /no such thing/],
  ] as const) {
    const { status, body } = await ask(name);
    assert.equal([status, body.code], [422, 'QUERY_FAILED'], name);
    assert.match(body.error, words);
    assert.not.match(JSON.stringify(body), /node_modules|file:\/\/|node:internal/, 'PW-44');
  }
  for (const answer of [
    await ask('__stack_trace'),
    await ask('heard', '?args=7'),
    await api.post(`${at}/waiting-1/signal`, { name: '__temporal_x' }),
    await api.post(`${at}/waiting-1/cancel?runId=x`, {}),
  ])
    assert.equal([answer.status, answer.body.code], [400, 'BODY_INVALID'], JSON.stringify(answer.body));

  const cancelled = await api.post(`${at}/idling-1/cancel`, { reason: 'no longer wanted' });
  assert.equal([cancelled.status, cancelled.body.status], [202, 'running']);
  const gone = await ended('idling-1');
  assert.equal([gone.status, gone.pendingActivities], ['cancelled', []]);
  const { runId } = await show('trying');
  const terminated = await api.post(`${at}/trying/terminate?runId=${runId}`, { reason: 'it never ends' });
  assert.equal([terminated.status, terminated.body], [200, { workflowId: 'trying', runId, status: 'terminated' }]);
  assert.match((await ended('trying')).failure.message, /^it never ends \(by /);
  for (const path of ['cancel', 'terminate', 'signal']) {
    const { status, body } = await api.post(`${at}/trying/${path}`, path === 'signal' ? { name: 'say' } : {});
    assert.equal([status, body.code, body.found], [409, 'RUN_CLOSED', runId], path);
  }
  await api.post(`${at}/waiting-1/signal`, { name: 'finish' });
  assert.equal((await ended('waiting-1')).result, 1);
  assert.equal((await ask('heard')).body.result.length, 2, 'one that has ended can be asked');
  const { status, body } = await unanswered;
  assert.equal([status, body.code], [503, 'WORKER_NOT_RUNNING'], JSON.stringify(body));
});

test('runs stay with their project when it gives its queue up, whoever has the queue then', async () => {
  const queue = 'given-up-queue';
  const made = async (body: object) => (await api.post('/projects', { ...body, taskQueueName: queue })).body.id;
  const [former, flow] = [await made({ name: 'Former', tenant: 'org-3' }), 'export async function idle() {}'];
  const workflow = { name: 'idle', status: 'active', compiledTypescript: { workflow_code: flow } };
  assert.is((await api.post(`/projects/${former}/workflows`, workflow)).status, 201);
  assert.is((await api.post(`/projects/${former}/runs`, { type: 'idle', workflowId: 'former-1' })).status, 202);
  assert.is((await api.post(`/projects/${former}/runs/former-1/terminate`, {})).status, 200);
  const runs = async (id: string) => (await api.get(`/projects/${id}/runs`)).body.runs;
  await until(
    async () => (await runs(former)).length === 1 && (await runs(former))[0].status === 'terminated',
    'its end',
  );
  const moved = await api.send('PATCH', `/projects/${former}`, { taskQueueName: 'taken-up-queue' });
  assert.is(moved.status, 200, JSON.stringify(moved.body));
  const next = await made({ name: 'Next', tenant: 'org-4' });
  assert.equal(await runs(next), []);
  for (const [method, path, body] of RUN_CALLS) {
    assert.is((await api.send(method, `/projects/${next}/runs/former-1${path}`, body)).status, 404, path);
  }
});

test('what a run and its activities log is shown with it, in order and in pages', async () => {
  const at = `/projects/${project}/runs/greeting-1/logs`;
  const lines = await until(async () => {
    const { body } = await api.get(at);
    return body.lines.length >= 2 && body.lines;
  }, 'both lines');
  assert.equal(
    lines.map(({ time: _, ...line }: { time: string }) => line),
    [
      { activity: null, activityId: null, attempt: 1, level: 'warn', message: 'greets', data: { name: 'Ann' } },
      { activity: 'greet', activityId: 'say#1', attempt: 1, level: 'info', message: 'hi', data: null },
    ],
  );
  const page = (await api.get(`${at}?limit=1`)).body;
  assert.equal([page.lines, (await api.get(`${at}?cursor=${page.nextCursor}`)).body.lines], [[lines[0]], [lines[1]]]);
});

test('NET-19 a declared address of the machine is refused for want of a grant, whatever listens there; others as ever', async () => {
  const [open, closed, undeclared] = [stand.host.url, 'http://127.0.0.1:9', 'http://127.0.0.1:10'];
  const declaration = { capabilities: ['fhir', 'http', 'log'], http: { allow: [open, closed] } };
  assert.is((await api.send('PATCH', `/projects/${project}`, { declaration })).status, 200);
  await start('calling', [[open, closed, undeclared]], 'calling-1');
  const needs = 'http.allow in the settings of the tenant, and http.privateRanges for an address of the machine';
  const ungranted = 'http: not allowed: ORIGIN is declared, and not granted to the tenant: it needs';
  const { result } = await ended('calling-1');
  assert.equal(
    [result[0].replace(open, 'ORIGIN'), result[2]],
    [result[1].replace(closed, 'ORIGIN'), `http: not allowed: ${undeclared} (http.allow)`],
  );
  assert.ok(result[0].replace(open, 'ORIGIN').startsWith(`${ungranted} ${needs}`), result[0]);
});

test('an activity whose code ends its cell is stopped for the tenant by its bundle; others go on, and a release ends it', async () => {
  const codeOf = async (id: string) => {
    await start('hanging', [], id);
    return (await ended(id)).failure.cause.code;
  };
  assert.is(await codeOf('hanging-1'), 'SCRIPT_CPU');
  const mine = async () =>
    (await api.get('/quarantines?tenant=org-1')).body.quarantines.find(
      ({ last }: { last: { activity: string } }) => last.activity === 'hangs',
    );
  const { id, commit, digest, last } = await until(mine, 'the quarantine');
  assert.equal([commit, last.workflow, last.digest], [null, 'runs', digest]);
  // What is known of it is good for a second.
  await until(async () => (await codeOf(`hanging-${Date.now()}`)) === 'COMMIT_QUARANTINED', 'a refusal');
  await start('greeting', ['Bob'], 'greeting-2');
  assert.equal((await ended('greeting-2')).result, { said: 'hello Bob' });
  assert.is((await api.post(`/quarantines/${id}/release`, {})).status, 200);
  assert.is(await mine(), undefined);
});

test('PW-38 /metrics has uptime, heartbeat latency, code load time, workflows per worker, memory, CPU and backlog', async () => {
  const text = await (await fetch(`${stand.host.url}/metrics`)).text();
  const value = (series: string): number => {
    const line = text.split('\n').find((each) => each.startsWith(`${series} `));
    assert.ok(
      line,
      `${series} in ${text
        .split('\n')
        .filter((each) => each.startsWith(series.split('{')[0] ?? ''))
        .join('\n')}`,
    );
    return Number(line?.slice(series.length));
  };
  const of = `{project="${project}"}`;
  assert.ok(value(`cloister_worker_uptime_seconds${of}`) > 0);
  assert.is(value(`cloister_worker_workflows${of}`), 1);
  assert.ok(value(`cloister_worker_heartbeat_latency_seconds${of}`) > 0);
  assert.ok(value(`cloister_worker_heartbeat_age_seconds${of}`) >= 0);
  assert.ok(value('cloister_code_load_seconds_count{kind="load"}') >= 1);
  assert.ok(value('cloister_code_load_seconds_count{kind="workflow"}') >= 2);
  for (const process of ['host', 'cells']) {
    assert.ok(value(`cloister_process_memory_bytes{process="${process}"}`) > 1e6, process);
    assert.ok(value(`cloister_process_cpu_seconds_total{process="${process}"}`) >= 0, process);
  }
  assert.ok(value(`cloister_task_queue_backlog${of}`) >= 0);
  assert.ok(value(`cloister_task_queue_pollers${of}`) >= 1);
  assert.is(value('cloister_workers{status="running"}'), 1);
  assert.is(value('cloister_worker_starts_total{outcome="ok"}'), 1);
  assert.ok(value('cloister_leases_held') >= 1);
  assert.ok(value('cloister_workflow_runs_total{outcome="completed"}') >= 1);
  assert.ok(value('cloister_guest_kills_total{code="GUEST_MEMORY_EXCEEDED"}') >= 1);
  assert.ok(value('cloister_activity_seconds_count{type="custom",outcome="completed"}') >= 1);
  assert.not.match(text, /greet|breaks|org-1/, 'no name of a tenant’s making');
});

test('what callers change of projects and their workers is in the audit, with the project and its tenant', async () => {
  const made = await until(async () => {
    const { events } = (await api.get('/audit?kind=write&tenant=org-1&limit=200')).body;
    return events.length >= 15 && (events as { operation: string; outcome: string; target: { project?: string } }[]);
  }, 'the events');
  const about = (operation: string) => made.find((event) => event.operation === operation);
  for (const operation of [
    'create-project',
    'create-component',
    'start-worker',
    'publish-project-workflow',
    'run-project-workflow',
  ])
    assert.equal([operation, about(operation)?.outcome, about(operation)?.target.project], [operation, 'OK', project]);
});

test('figures of a worker and of its queue are one answer', async () => {
  const { body, status } = await api.get(`/workers/${project}/statistics`);
  assert.is(status, 200);
  for (const name of [
    'uptimeSec',
    'workflows',
    'codeLoadMs',
    'heartbeatLatencyMs',
    'memoryMb',
    'cpuPercent',
    'backlog',
    'pollers',
  ])
    assert.type(body[name], 'number', name);
  const both = (await api.get(`/workers/${project}`)).body;
  assert.equal([both.status, both.statistics.workflows], ['running', 1]);
});

test.run();
