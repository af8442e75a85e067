// timeout: 180
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { RunSummary } from '../../host/runs/view.ts';
import { activityOf, type TestHost, testHost } from '../stand/host.ts';
import { script, workflow } from '../stand/project.ts';
import { caller, eventually } from './call.ts';

const list = suite('showing runs over the API');
let stand: TestHost;
let api: ReturnType<typeof caller>;

const say = (id: string) => ({ id, script: './activities/echo.ts', params: { word: '$input.word' } });
const FILES = {
  ...script('echo', 'return input;'),
  ...script('fail', 'throw new Error("no coverage found");'),
  ...script('wait', 'await new Promise((done) => setTimeout(done, 25_000));'),
  ...workflow('echo', { rootChildren: ['say'], activities: [say('say')] }),
  ...workflow('other', { rootChildren: ['say'], activities: [say('say')] }),
  ...workflow('mixed', {
    rootChildren: ['first', 'left', 'fail', 'never'],
    activities: [
      say('first'),
      { ...say('left'), applicability: ['$input.nothing'], children: ['below'] },
      say('below'),
      { id: 'fail', script: './activities/fail.ts' },
      say('never'),
    ],
  }),
  ...workflow('wait', {
    rootChildren: ['first', 'wait', 'last'],
    activities: [say('first'), { id: 'wait', script: './activities/wait.ts' }, say('last')],
  }),
  ...workflow('parent', { rootChildren: ['sub'], activities: [{ id: 'sub', childWorkflow: 'child' }] }),
  ...workflow('child', { rootChildren: ['say'], activities: [say('say')] }),
};

list.before(async () => {
  stand = await testHost(FILES);
  api = caller(stand.host.url);
});
list.after(async () => {
  await stand.close();
});

/** Waits until the list of a workflow has so many closed runs: Temporal's index follows with a delay. */
async function listed(name: string, count: number): Promise<RunSummary[]> {
  return eventually(async () => {
    const { runs } = (await api.get(`/workflows/${name}/runs`)).body as { runs: RunSummary[] };
    return runs.length >= count && runs.every(({ status }) => status !== 'in-progress') ? runs : null;
  });
}

list('runs are listed newest first, without their data', async () => {
  const started: string[] = [];
  for (const word of ['a', 'b', 'c'])
    started.push((await stand.run('echo', { word, tenantOrganizationId: 'org-1' })).runId);
  const runs = await listed('echo', 3);
  assert.equal(
    runs.map(({ runId }) => runId),
    started.reverse(),
  );
  const [newest] = runs;
  assert.equal(Object.keys(newest ?? {}).sort(), [
    'branch',
    'commit',
    'executionPeriod',
    'runId',
    'status',
    'tenantOrganizationId',
    'trigger',
    'workflow',
    'workflowId',
  ]);
  assert.is(newest?.workflow, 'echo');
  assert.is(newest?.tenantOrganizationId, 'org-1');
  assert.ok(newest && newest.executionPeriod.start <= String(newest.executionPeriod.end));
});

list('limit and cursor walk through all of them, each once', async () => {
  const all = (await listed('echo', 3)).map(({ runId }) => runId);
  const seen: string[] = [];
  let cursor: string | null = null;
  do {
    const page = await api.get(`/workflows/echo/runs?limit=1${cursor === null ? '' : `&cursor=${cursor}`}`);
    assert.is(page.status, 200, JSON.stringify(page.body));
    assert.ok(page.body.runs.length <= 1);
    seen.push(...page.body.runs.map(({ runId }: RunSummary) => runId));
    cursor = page.body.nextCursor;
  } while (cursor !== null && seen.length < 10);
  assert.equal(seen, all);
});

list('status keeps one status', async () => {
  const failed = await stand.run('mixed', {});
  await listed('mixed', 1);
  const of = async (status: string) => (await api.get(`/workflows/mixed/runs?status=${status}`)).body.runs;
  assert.equal(
    (await of('failed')).map(({ runId }: RunSummary) => runId),
    [failed.runId],
  );
  assert.equal(await of('completed'), []);
  assert.equal(await of('in-progress'), []);
});

list('a query that makes no sense is 400 and says where', async () => {
  const queries = [
    'limit=0',
    'limit=201',
    'limit=x',
    'limit=1.5',
    'status=done',
    'cursor=!',
    'cursor=AAAA',
    'limit=1&limit=2',
  ];
  for (const query of queries) {
    const { status, body } = await api.get(`/workflows/echo/runs?${query}`);
    assert.is(status, 400, `${query}: ${JSON.stringify(body)}`);
    assert.is(body.code, 'BODY_INVALID');
    assert.match(body.where, /^query /);
  }
});

list('a filter that is misspelt, or a branch, is 400 and not everything; names of FHIR clients pass', async () => {
  for (const path of ['/runs?stauts=failed', '/workflows/wait/runs?brnch=x', '/workflows?limit=1']) {
    const { status, body } = await api.get(path);
    assert.equal([status, body.code, body.where], [400, 'BODY_INVALID', 'query'], path);
  }
  assert.is((await api.post('/workflows/wait/run?brnch=fix', {})).status, 400);
  assert.is((await api.get('/runs?_format=json')).status, 200);
});

list('runs of a workflow are listed and shown when its file is gone', async () => {
  const { runId } = await stand.run('other', { word: 'x' });
  await stand.write({ 'workflows/other.yaml': 'id: [' });
  assert.is((await listed('other', 1)).length, 1);
  assert.is((await api.get(`/workflows/other/runs/${runId}`)).status, 200);
});

list('a child run is in the list of its own workflow', async () => {
  const parent = await stand.run('parent', {});
  const [child] = await listed('child', 1);
  assert.is(child?.runId, activityOf(parent, 'sub').childRun?.runId);
});

list('a failed run shows for each activity what became of it', async () => {
  const view = await stand.run('mixed', { word: 'hi' });
  const shown = (view.activities ?? []).map(({ id, parent, status, reason = null, attempts }) => [
    id,
    parent,
    status,
    reason,
    attempts,
  ]);
  assert.equal(shown, [
    ['first', null, 'completed', null, 1],
    ['left', null, 'skipped', 'applicability', 0],
    ['below', 'left', 'skipped', 'ancestor-skipped', 0],
    ['fail', null, 'failed', null, 1],
    ['never', null, 'pending', null, 0],
  ]);
  const first = activityOf(view, 'first');
  assert.equal([first.input, first.output], [{ word: 'hi' }, { word: 'hi' }]);
  assert.ok(String(first.startedAt) <= String(first.endedAt) && (first.durationMs ?? -1) >= 0);
  assert.is(activityOf(view, 'fail').error?.code, 'SCRIPT_ERROR');
  assert.is(view.status, 'failed');
  assert.is(view.error?.code, 'SCRIPT_ERROR');
  assert.is(view.billingWorkflow?.status, 'failed');
  assert.equal(view.trigger, { type: 'manual', id: null });
  assert.match(String(view.digest), /^[0-9a-f]{64}$/);
});

list('a run under way shows what runs and what is still to come', async () => {
  const { body } = await stand.start('wait', { word: 'hi' });
  const view = await eventually(async () => {
    const shown = (await api.get(`/workflows/wait/runs/${body.runId}`)).body;
    return shown.activities?.[1].status === 'running' ? shown : null;
  });
  assert.is(view.status, 'in-progress');
  assert.not.ok('end' in view.executionPeriod);
  assert.equal(
    view.activities.map(({ status }: { status: string }) => status),
    ['completed', 'running', 'pending'],
  );
  assert.ok(Date.parse(view.activities[1].startedAt) <= Date.now(), view.activities[1].startedAt);
  assert.is(view.billingWorkflow.status, 'in-progress');
  await stand.host.runs.cancel({ workflowId: view.workflowId, runId: view.runId });
  const ended = await stand.follow('wait', view.runId);
  assert.is(ended.error?.code, 'CANCELLED');
  assert.is(ended.billingWorkflow?.status, 'failed');
});

list('a run that is not there, or is of another workflow, is 404', async () => {
  const { runId } = await stand.run('echo', { word: 'x', _workflowId: 'mine' });
  const unknown = '01a1fe47-0000-7000-8000-000000000000';
  for (const path of [
    `wait/runs/${runId}`,
    'wait/runs/mine',
    `echo/runs/${unknown}`,
    'echo/runs/nothing',
    "echo/runs/a'b",
  ]) {
    const { status, body } = await api.get(`/workflows/${path}`);
    assert.is(status, 404, path);
    assert.is(body.code, 'RUN_NOT_FOUND');
  }
});

list.run();
