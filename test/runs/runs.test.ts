// timeout: 120
/** What can be done with runs that are there, on a whole host: end, run again, follow, read the logs. */
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { z } from 'zod';
import { endedRun, runLogs, runPage, runView, startedRun } from '../../host/runs/schema.ts';
import type { ActivityView, RunView } from '../../host/runs/view.ts';
import { type Answer, caller, eventually } from '../api/call.ts';
import { activityOf, type TestHost, testHost } from '../stand/host.ts';
import { script, workflow } from '../stand/project.ts';
import { events, type Received } from './events.ts';

const runs = suite('runs over the API');
let stand: TestHost;
let api: ReturnType<typeof caller>;
/** Callers of two tenants, by API key. */
const as: Record<'one' | 'two' | 'viewer' | 'free', Record<string, string>> = {
  one: {},
  two: {},
  viewer: {},
  free: {},
};

const echo = './activities/echo.ts';
const step = (id: string, more: object = {}) => ({
  id,
  script: echo,
  params: { word: '$input.word', at: id },
  ...more,
});
const FILES = {
  ...script('echo', 'return input;'),
  ...script('wait', 'await new Promise((done) => setTimeout(done, 25_000));'),
  ...script('gate', 'if (input.word !== "open") throw new Error("closed"); return input;'),
  ...script(
    'talk',
    'log.info("first", { n: 1 }); log.warn("second\\u0000"); console.log("third"); for (let i = 0; i < input.more; i++) log.info(String(i));',
    "import { log } from 'cloister';",
  ),
  ...workflow('echo', {
    input: { word: 'string', count: 'integer' },
    rootChildren: ['say'],
    activities: [step('say')],
  }),
  ...workflow('wait', { rootChildren: ['wait'], activities: [{ id: 'wait', script: './activities/wait.ts' }] }),
  ...workflow('talk', {
    rootChildren: ['a', 'b'],
    activities: [
      { id: 'a', script: './activities/talk.ts', params: { more: '$input.more' } },
      { id: 'b', script: './activities/talk.ts' },
    ],
  }),
  ...workflow('tree', {
    rootChildren: ['before', 'top', 'last'],
    activities: [
      step('before'),
      step('top', { children: ['left', 'right'] }),
      step('left'),
      {
        id: 'right',
        script: './activities/gate.ts',
        params: { word: '$input.word', above: '$activities.top.output.word' },
        children: ['below'],
      },
      { ...step('below'), params: { above: '$activities.right.output.above' } },
      step('last'),
    ],
  }),
};

runs.before(async () => {
  stand = await testHost(FILES);
  api = caller(stand.host.url);
  for (const [name, role, tenant] of [
    ['one', 'operator', 'org-1'],
    ['two', 'operator', 'org-2'],
    ['viewer', 'viewer', 'org-1'],
    ['free', 'operator', undefined],
  ] as const) {
    const made = await api.post('/keys', { name, role, ...(tenant && { tenant }) });
    assert.is(made.status, 201, JSON.stringify(made.body));
    as[name] = { authorization: `Bearer ${made.body.key}` };
  }
});
runs.after(async () => {
  await stand.close();
});

/** The answer is of its status, and has the form that the document promises. */
function is<T extends z.ZodType>({ status, body }: Answer, expected: number, schema: T): z.output<T> {
  assert.is(status, expected, JSON.stringify(body));
  return schema.parse(body);
}

function refused({ status, body }: Answer, expected: number, code: string): void {
  assert.equal([status, body.code], [expected, code], JSON.stringify(body));
}

const stateOf = ({ id, status, attempts, reusedFrom }: ActivityView) => [id, status, attempts, reusedFrom ?? null];

runs('a run of a caller bound to a tenant is stamped with it; another tenant is refused, known or not', async () => {
  const { body } = await api.post('/workflows/echo/run', { word: 'hi', count: 1 }, as.one);
  const view = is(await api.get(`/workflows/echo/runs/${body.runId}`, as.one), 200, runView) as RunView;
  assert.equal(view.input, { word: 'hi', count: 1, tenantOrganizationId: 'org-1' });
  const same = await api.post('/workflows/echo/run', { tenantOrganizationId: 'org-1' }, as.one);
  assert.is(same.status, 202);
  const texts = new Set<string>();
  for (const tenantOrganizationId of ['org-2', 'org-nobody']) {
    const answer = await api.post('/workflows/echo/run', { tenantOrganizationId }, as.one);
    refused(answer, 403, 'FORBIDDEN');
    texts.add(JSON.stringify({ ...answer.body, requestId: null }));
  }
  assert.is(texts.size, 1, 'the refusals differ');
  refused(await api.post('/workflows/echo/run', { tenantOrganizationId: '' }, as.one), 400, 'TENANT_INVALID');
  refused(await api.post('/workflows/echo/run', {}, as.free), 403, 'FORBIDDEN');
  assert.is((await api.post('/workflows/echo/run', { tenantOrganizationId: 'org-2' }, as.free)).status, 202);
  refused(await api.post('/workflows/echo/run', {}, as.viewer), 403, 'FORBIDDEN');
});

runs('what does not fit the declared input is told, and stops nothing', async () => {
  const { warnings } = is(await api.post('/workflows/echo/run', { wrod: 'hi', count: 1.5 }), 202, startedRun);
  assert.equal(warnings, [
    'input wrod: found a name that the workflow does not declare',
    'input word: found nothing, expected string',
    'input count: found number, expected integer',
  ]);
  assert.is((await api.post('/workflows/echo/run', { word: 'hi', count: 1 })).body.warnings, undefined);
});

runs('ADM-10 one key and one request are one run; the same key with another body is 409', async () => {
  const key = { 'idempotency-key': 'a "key" of 1' };
  const first = await api.post('/workflows/echo/run', { word: 'once', count: 1, extra: 1 }, key);
  is(first, 202, startedRun);
  assert.is(first.headers.get('idempotency-replayed'), null);
  const second = await api.post('/workflows/echo/run', { count: 1, extra: 1, word: 'once' }, key);
  assert.equal([second.status, second.body], [first.status, first.body]);
  assert.is(second.headers.get('idempotency-replayed'), 'true');
  refused(await api.post('/workflows/echo/run', { word: 'twice' }, key), 409, 'IDEMPOTENCY_CONFLICT');
  refused(
    await api.post('/workflows/talk/run', { word: 'once', count: 1, extra: 1 }, key),
    409,
    'IDEMPOTENCY_CONFLICT',
  );
  const other = await api.post('/workflows/echo/run', { word: 'twice' }, { ...as.one, ...key });
  assert.is(other.status, 202, 'the key of another tenant is another key');
  assert.is.not(other.body.runId, first.body.runId);
  for (const bad of ['', 'ü', 'x'.repeat(256), 'a\tb']) {
    refused(await api.post('/workflows/echo/run', {}, { 'idempotency-key': bad }), 400, 'IDEMPOTENCY_KEY_INVALID');
  }
});

runs(
  'ADM-10 of many that start under one key at once all get one run, with and without an id of their own',
  async () => {
    for (const [key, body] of [
      ['at-once', { word: 'x', count: 1 }],
      ['at-once-named', { word: 'x', count: 1, _workflowId: 'named-once' }],
    ] as const) {
      const answers = await Promise.all(
        Array.from({ length: 8 }, () => api.post('/workflows/echo/run', body, { 'idempotency-key': key })),
      );
      assert.equal(new Set(answers.map((each) => JSON.stringify([each.status, each.body]))).size, 1);
      const { runId } = answers[0]?.body ?? {};
      await stand.follow('echo', runId);
      const again = await api.post('/workflows/echo/run', body, { 'idempotency-key': key });
      assert.equal([again.status, again.body.runId], [202, runId], 'it has ended, and is not run again');
    }
  },
);

runs('a refused start keeps no key: mended, it starts', async () => {
  const key = { 'idempotency-key': 'mended' };
  await stand.write({ 'workflows/torn.yaml': 'id: [' });
  refused(await api.post('/workflows/torn/run', {}, key), 422, 'WORKFLOW_INVALID');
  await stand.write(workflow('torn', { rootChildren: ['say'], activities: [step('say')] }));
  assert.is((await api.post('/workflows/torn/run', {}, key)).status, 202);
  const taken = { 'idempotency-key': 'taken' };
  const { body } = await api.post('/workflows/wait/run', { _workflowId: 'taken' }, as.one);
  const asTwo = { ...as.two, ...taken };
  refused(await api.post('/workflows/echo/run', { _workflowId: 'taken' }, asTwo), 409, 'WORKFLOW_ID_TAKEN');
  assert.is((await api.post('/workflows/echo/run', { _workflowId: 'not-taken' }, asTwo)).status, 202);
  await stand.host.runs.cancel({ workflowId: body.workflowId, runId: body.runId });
});

runs('a name of Temporal’s own is refused: it would keep a schedule from being registered', async () => {
  const _workflowId = 'temporal-sys-scheduler:ts-trigger-schedule-nightly';
  refused(await api.post('/workflows/echo/run', { _workflowId }, as.one), 400, 'WORKFLOW_ID_INVALID');
});

runs('cancel ends the scripts of a run, terminate the run itself; both close its resource and tell why', async () => {
  for (const [how, status, code] of [
    ['cancel', 202, 'CANCELLED'],
    ['terminate', 200, 'TERMINATED'],
  ] as const) {
    const { body } = await api.post('/workflows/wait/run', {}, as.one);
    const path = `/workflows/wait/runs/${body.runId}`;
    await eventually(async () => {
      const shown = (await api.get(path)).body as RunView;
      return shown.activities?.[0]?.status === 'running' ? shown : null;
    });
    refused(await api.post(`${path}/${how}`, {}, as.two), 404, 'RUN_NOT_FOUND');
    refused(await api.post(`${path}/${how}`, {}, as.viewer), 403, 'FORBIDDEN');
    refused(await api.post(`${path}/${how}`, { why: 'x' }, as.one), 400, 'BODY_INVALID');
    is(await api.post(`${path}/${how}`, { reason: 'wrong claim' }, as.one), status, endedRun);
    const view = await stand.follow('wait', body.runId);
    is(await api.get(path), 200, runView);
    assert.equal([view.status, view.error?.code, view.billingWorkflow?.status], ['failed', code, 'failed']);
    if (how === 'terminate') assert.match(view.error?.message ?? '', /wrong claim \(by .+\)/);
    refused(await api.post(`${path}/${how}`, {}, as.one), 409, 'RUN_CLOSED');
  }
});

runs(
  'a re-run from an activity keeps what had completed before it, and runs the rest with the edited input',
  async () => {
    const old = await stand.run('tree', { word: 'shut', tenantOrganizationId: 'org-1' });
    assert.is(old.status, 'failed');
    const path = `/workflows/tree/runs/${old.runId}`;
    const asked = { from: 'right', input: { word: 'open' } };
    refused(await api.post(`${path}/rerun`, asked, as.two), 404, 'RUN_NOT_FOUND');
    const { body } = await api.post(`${path}/rerun`, asked, as.one);
    is({ status: 202, body, headers: new Headers() }, 202, startedRun);
    assert.is(body.workflowId, old.workflowId, 'under the id of the run before');
    const view = await stand.follow('tree', body.runId);
    runView.parse(view);
    assert.is(view.status, 'completed', JSON.stringify(view.error));
    assert.equal(view.activities?.map(stateOf), [
      ['before', 'completed', 0, old.runId],
      ['top', 'completed', 0, old.runId],
      ['left', 'completed', 0, old.runId],
      ['right', 'completed', 1, null],
      ['below', 'completed', 1, null],
      ['last', 'completed', 1, null],
    ]);
    assert.equal(view.input, { word: 'open', tenantOrganizationId: 'org-1' });
    assert.equal(view.rerunOf, { workflowId: old.workflowId, runId: old.runId, from: 'right' });
    assert.equal(activityOf(view, 'top').output, { word: 'shut', at: 'top' }, 'kept');
    assert.equal(activityOf(view, 'below').output, { above: 'shut' }, 'made of what was kept');

    const again = await api.post(`/workflows/tree/runs/${view.runId}/rerun`, { from: 'last' });
    const last = await stand.follow('tree', again.body.runId);
    assert.equal(
      last.activities?.map(({ reusedFrom }) => reusedFrom === view.runId),
      [true, true, true, true, true, false],
    );
    assert.equal(activityOf(last, 'before').output, { word: 'shut', at: 'before' }, 'kept of what was kept');
  },
);

runs(
  'a re-run of all has the plan and the input of the run before; plan "current" has the workflow as it is',
  async () => {
    const files = workflow('edit', { rootChildren: ['say'], activities: [step('say')] });
    await stand.write(files);
    const old = await stand.run('edit', { word: 'hi' });
    await stand.write(workflow('edit', { rootChildren: ['said'], activities: [step('said')] }));
    const path = `/workflows/edit/runs/${old.runId}/rerun`;
    const idsOf = async (body: object) => {
      const started = await api.post(path, body);
      assert.is(started.status, 202, JSON.stringify(started.body));
      const view = await stand.follow('edit', started.body.runId);
      assert.equal([view.status, view.input], ['completed', { word: 'hi' }]);
      return view.activities?.map(({ id }) => id);
    };
    assert.equal(await idsOf({}), ['say']);
    assert.equal(await idsOf({ plan: 'current', _workflowId: 'another' }), ['said']);
    refused(await api.post(path, { plan: 'current', from: 'say' }), 422, 'ACTIVITY_UNKNOWN');
  },
);

runs('a re-run that cannot be is refused with what stands in its way', async () => {
  const old = await stand.run('tree', { word: 'shut', tenantOrganizationId: 'org-1' });
  const path = `/workflows/tree/runs/${old.runId}/rerun`;
  refused(await api.post(path, { from: 'nothing' }), 422, 'ACTIVITY_UNKNOWN');
  refused(await api.post(path, { from: 'below' }), 409, 'ANCESTOR_NOT_COMPLETED');
  refused(await api.post(path, { plan: 'any' }), 400, 'BODY_INVALID');
  refused(await api.post(path, { input: [] }), 400, 'BODY_INVALID');
  refused(await api.post(path, { input: { tenantOrganizationId: 'org-2' } }), 403, 'FORBIDDEN');
  refused(await api.post(path, {}, as.viewer), 403, 'FORBIDDEN');
  refused(await api.post('/workflows/echo/runs/nothing/rerun', {}), 404, 'RUN_NOT_FOUND');
  const { body } = await api.post('/workflows/wait/run', {});
  refused(await api.post(`/workflows/wait/runs/${body.runId}/rerun`, {}), 409, 'RUN_IN_PROGRESS');
  await api.post(`/workflows/wait/runs/${body.runId}/terminate`, {});
});

runs('a re-run under a key happens once', async () => {
  const old = await stand.run('echo', { word: 'x', count: 1 });
  const path = `/workflows/echo/runs/${old.runId}/rerun`;
  const key = { 'idempotency-key': 'again' };
  const [first, second] = await Promise.all([api.post(path, {}, key), api.post(path, {}, key)]);
  is(first, 202, startedRun);
  assert.equal(second.body, first.body);
  await stand.follow('echo', first.body.runId);
  assert.equal((await api.post(path, {}, key)).body, first.body);
  refused(await api.post(path, { from: 'say' }, key), 409, 'IDEMPOTENCY_CONFLICT');
});

runs('what scripts logged is there, in order, by activity and page, for the tenant alone', async () => {
  const view = await stand.run('talk', { tenantOrganizationId: 'org-1' });
  const path = `/workflows/talk/runs/${view.runId}/logs`;
  const lines = await eventually(async () => {
    const page = is(await api.get(path, as.viewer), 200, runLogs);
    return page.lines.length === 6 ? page.lines : null;
  });
  assert.equal(
    lines.map(({ activity, attempt, level, message, data }) => [activity, attempt, level, message, data]),
    ['a', 'b'].flatMap((activity) => [
      [activity, 1, 'info', 'first', { n: 1 }],
      [activity, 1, 'warn', 'second\\u0000', null],
      [activity, 1, 'info', 'third', null],
    ]),
  );
  const first = is(await api.get(`${path}?activity=b&limit=2`), 200, runLogs);
  const rest = is(await api.get(`${path}?activity=b&limit=2&cursor=${first.nextCursor}`), 200, runLogs);
  assert.equal(
    [...first.lines, ...rest.lines].map(({ message }) => message),
    ['first', 'second\\u0000', 'third'],
  );
  assert.is(rest.nextCursor, null);
  refused(await api.get(path, as.two), 404, 'RUN_NOT_FOUND');
});

runs('a script that logs without end fills no table', async () => {
  const view = await stand.run('talk', { more: 900 });
  const lines = await eventually(async () => {
    const page = is(await api.get(`/workflows/talk/runs/${view.runId}/logs?limit=1000&activity=a`), 200, runLogs);
    return page.lines.length > 500 ? page.lines : null;
  });
  assert.is(lines.length, 501);
  assert.match(lines.at(-1)?.message ?? '', /log only/);
});

runs(
  'a follower gets the run as it goes, and its end; one that comes back knowing the end is told to stay away',
  async () => {
    const { body } = await api.post('/workflows/tree/run', { word: 'shut', tenantOrganizationId: 'org-1' }, as.one);
    const path = `/workflows/tree/runs/${body.runId}/events`;
    refused(await api.get(path, as.two), 404, 'RUN_NOT_FOUND');
    const got: Received[] = [];
    for await (const event of events(`${stand.host.url}${path}`, as.viewer)) got.push(event);
    const views = got.filter(({ event }) => event === 'run').map(({ data }) => runView.parse(JSON.parse(data)));
    assert.is(views.at(-1)?.status, 'failed');
    assert.is(new Set(views.map((view) => JSON.stringify(view))).size, views.length, 'a view was sent twice');
    assert.equal(got.at(-1)?.event, 'end');
    assert.equal(JSON.parse(got.at(-1)?.data ?? ''), { runId: body.runId, status: 'failed' });
    const lastEventId = got.findLast(({ id }) => id !== null)?.id ?? '';
    const back = await api.get(path, { ...as.viewer, 'last-event-id': lastEventId });
    assert.is(back.status, 204);
    const anew = await fetch(`${stand.host.url}${path}`, { headers: { ...as.viewer, 'last-event-id': 'nonsense' } });
    assert.match(String(anew.headers.get('content-type')), /^text\/event-stream/);
    assert.match(await anew.text(), /event: run.*event: end/s);
  },
);

runs('followers of one caller are bounded, and leave no trace when they go', async () => {
  const { body } = await api.post('/workflows/wait/run', { tenantOrganizationId: 'org-1' });
  const url = `${stand.host.url}/workflows/wait/runs/${body.runId}/events`;
  const leave = new AbortController();
  const open = await Promise.all(
    Array.from({ length: 20 }, () => fetch(url, { headers: as.one, signal: leave.signal })),
  );
  assert.equal([...new Set(open.map(({ status }) => status))], [200]);
  refused(await api.get(new URL(url).pathname, as.one), 429, 'RATE_LIMITED');
  leave.abort();
  const back = await eventually(async () => {
    const again = new AbortController();
    const { status } = await fetch(url, { headers: as.one, signal: again.signal });
    again.abort();
    return status === 200 ? status : null;
  });
  assert.is(back, 200);
  await api.post(`/workflows/wait/runs/${body.runId}/terminate`, {});
});

runs('one workflow, the scripts and the rules of the project are shown', async () => {
  const shown = await api.get('/workflows/tree');
  assert.equal(shown.body.rootChildren, ['before', 'top', 'last']);
  assert.equal(shown.body.activities[1], step('top', { children: ['left', 'right'] }));
  refused(await api.get('/workflows/nothing'), 404, 'WORKFLOW_NOT_FOUND');
  const { body } = await api.get('/activities');
  const gate = body.activities.find((each: { script: string }) => each.script === './activities/gate.ts');
  assert.equal(gate, { script: './activities/gate.ts', kind: 'project', description: 'test', usedBy: ['tree'] });
  const search = body.activities.find((each: { script: string }) => each.script === '@aidbox-billing/fhir/search');
  assert.match(search.description, /Searches FHIR/);
  assert.equal((await api.get('/validation-rules')).body, { rules: [], problems: [] });
});

runs('runs of all workflows are one list, with filters; a tenant sees its own', async () => {
  const of = async (query: string, headers = {}) => is(await api.get(`/runs?${query}`, headers), 200, runPage).runs;
  const since = new Date(Date.now() - 2).toISOString();
  await sleep(5);
  const first = await stand.run('echo', { word: 'a', count: 1, tenantOrganizationId: 'org-1' });
  const second = await stand.run('talk', { tenantOrganizationId: 'org-2' });
  const found = await eventually(async () => {
    const list = await of(`from=${since}`);
    return list.length === 2 && list.every(({ status }) => status === 'completed') ? list : null;
  });
  assert.equal(
    found.map(({ runId }) => runId),
    [second.runId, first.runId],
  );
  assert.equal(found[0]?.trigger, { type: 'manual', id: null });
  const ids = async (query: string, headers = {}) =>
    (await of(`from=${since}&${query}`, headers)).map(({ runId }) => runId);
  assert.equal(await ids('workflow=talk'), [second.runId]);
  assert.equal(await ids('tenant=org-1'), [first.runId]);
  assert.equal(await ids('trigger=manual&status=completed'), [second.runId, first.runId]);
  assert.equal(await ids('trigger=schedule:nightly'), []);
  assert.equal(await ids(`commit=${'0'.repeat(40)}`), []);
  assert.equal(await ids(`to=${since}`), []);
  assert.equal(await ids('', as.two), [second.runId]);
  assert.equal(await ids('tenant=org-1', as.two), []);
  for (const query of ['trigger=x', 'commit=x', 'from=yesterday', 'tenant=..', 'workflow=..']) {
    refused(await api.get(`/runs?${query}`), 400, 'BODY_INVALID');
  }
});

runs('a host that stops ends the streams of its followers, and cuts none of them off', async () => {
  const { body } = await api.post('/workflows/wait/run', {});
  const response = await fetch(`${stand.host.url}/workflows/wait/runs/${body.runId}/events`);
  const read = response.text();
  await stand.host.close();
  assert.not.match(await read, /event: end/);
});

runs.run();
