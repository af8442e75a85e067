// timeout: 180
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { activityOf, type TestHost, testHost } from '../stand/host.ts';
import { script, workflow } from '../stand/project.ts';

const walk = suite('the walk of a run');
let stand: TestHost;

const echo = './activities/echo.ts';
const note = './activities/note.ts';
const fail = './activities/fail.ts';

/** Each note waits a moment, so that activities that overlap show in their times. */
const FILES = {
  ...script('echo', 'return input;'),
  ...script('note', 'await new Promise((done) => setTimeout(done, 150)); return { started: Date.now(), ...input };'),
  ...script('fail', 'throw new Error("no coverage found");'),
  ...workflow('order', {
    rootChildren: ['b', 'a'],
    activities: [
      { id: 'a', script: note },
      { id: 'b2', script: note },
      { id: 'b', script: note, children: ['b1', 'b2'] },
      { id: 'b1', script: note, children: ['b1x'] },
      { id: 'b1x', script: note },
    ],
  }),
  ...workflow('params', {
    rootChildren: ['first'],
    activities: [
      { id: 'first', script: echo, params: { patient: { id: 'p1', tags: ['x', 'y'] } }, children: ['second'] },
      {
        id: 'second',
        script: echo,
        params: { plain: 'Patient/$input.id', price: '$$5.00', deep: { city: '$input.address.city' } },
        children: ['third'],
      },
      {
        id: 'third',
        script: echo,
        params: {
          whole: '$activities.first.output',
          grandparent: '$activities.first.output.patient.tags.1',
          parent: '$activities.second.output.price',
          missing: '$input.no.such.thing',
          proto: '$input.__proto__',
          maker: '$activities.first.output.constructor.name',
          list: ['$input.address.city', '$input.none'],
          all: '$input',
        },
        children: ['bare'],
      },
      { id: 'bare', script: echo },
    ],
  }),
  ...workflow('truth', {
    rootChildren: ['flags'],
    activities: [
      {
        id: 'flags',
        script: echo,
        params: { zero: 0, empty: '', nothing: null, no: false, list: [], map: {} },
        children: ['zero', 'empty', 'nothing', 'no', 'missing', 'list', 'map', 'both'],
      },
      ...['zero', 'empty', 'nothing', 'no', 'missing', 'list', 'map'].map((id) => ({
        id,
        script: echo,
        applicability: [`$activities.flags.output.${id}`],
      })),
      {
        id: 'both',
        script: echo,
        applicability: ['$activities.flags.output.list', '$activities.flags.output.no'],
        children: ['under'],
      },
      { id: 'under', script: './activities/broken.ts', params: { x: '$activities.both.output.y' } },
    ],
  }),
  'activities/broken.ts': 'export async function main() { return (; }',
  ...workflow('failing', {
    rootChildren: ['ok', 'bad', 'later'],
    activities: [
      { id: 'ok', script: echo },
      { id: 'bad', script: fail, retries: 2, backoff: { initial: '1s', coefficient: 1, max: '1s' } },
      { id: 'later', script: echo },
    ],
  }),
  ...workflow('decoupled', {
    rootChildren: ['side', 'main'],
    activities: [
      { id: 'side', script: fail, decoupled: true, children: ['under'] },
      { id: 'under', script: echo },
      { id: 'main', script: echo, params: { done: true } },
    ],
  }),
  ...workflow('parallel', {
    execution: 'parallel',
    rootChildren: ['one', 'two'],
    activities: [
      { id: 'one', script: note, children: ['one1'] },
      { id: 'two', script: note },
      { id: 'one1', script: note },
    ],
  }),
  ...workflow('parent', {
    rootChildren: ['sub', 'after'],
    activities: [
      { id: 'sub', childWorkflow: 'child', params: { word: '$input.word' }, children: ['use'] },
      { id: 'use', script: echo, params: { got: '$activities.sub.output.activities.say.output' } },
      { id: 'after', script: echo },
    ],
  }),
  ...workflow('named', {
    rootChildren: ['sub'],
    activities: [{ id: 'sub', childWorkflow: 'child', params: { _workflowId: '$input.name' } }],
  }),
  ...workflow('child', {
    rootChildren: ['say'],
    activities: [{ id: 'say', script: echo, params: { word: '$input.word', tenant: '$input.tenantOrganizationId' } }],
  }),
};

walk.before(async () => {
  stand = await testHost(FILES);
});
walk.after(async () => {
  await stand.close();
});

walk('activities run depth-first, one at a time, in the order of rootChildren and children', async () => {
  const view = await stand.run('order');
  assert.is(view.status, 'completed');
  const order = ['b', 'b1', 'b1x', 'b2', 'a'];
  assert.equal(
    view.activities?.map(({ id }) => id),
    order,
  );
  const spans = order.map((id) => activityOf(view, id));
  for (const [i, span] of spans.slice(1).entries()) {
    assert.ok(String(spans[i]?.endedAt) <= String(span.startedAt), `${span.id} started before its predecessor ended`);
  }
});

walk('params resolve nested fields, whole outputs, lists and escapes; what is missing is left out', async () => {
  const view = await stand.run('params', { id: 'i1', address: { city: 'Basel' }, _workflowId: 'params-1' });
  assert.equal(activityOf(view, 'second').output, {
    plain: 'Patient/$input.id',
    price: '$5.00',
    deep: { city: 'Basel' },
  });
  assert.equal(activityOf(view, 'third').output, {
    whole: { patient: { id: 'p1', tags: ['x', 'y'] } },
    grandparent: 'y',
    parent: '$5.00',
    list: ['Basel', null],
    all: { id: 'i1', address: { city: 'Basel' } },
  });
  assert.equal(activityOf(view, 'bare').output, {}, 'main gets {} when there are no params');
  assert.is(view.workflowId, 'params-1');
});

walk('a falsy applicability entry skips the activity and its subtree; lists and maps are truthy', async () => {
  const view = await stand.run('truth');
  assert.is(view.status, 'completed');
  const status = Object.fromEntries((view.activities ?? []).map(({ id, status }) => [id, status]));
  assert.equal(status, {
    flags: 'completed',
    zero: 'skipped',
    empty: 'skipped',
    nothing: 'skipped',
    no: 'skipped',
    missing: 'skipped',
    list: 'completed',
    map: 'completed',
    both: 'skipped',
    under: 'skipped',
  });
  assert.is(activityOf(view, 'both').reason, 'applicability');
  assert.is(activityOf(view, 'under').reason, 'ancestor-skipped');
});

walk('a script that throws fails the run after retries + 1 attempts, and nothing later starts', async () => {
  const view = await stand.run('failing');
  assert.is(view.status, 'failed');
  assert.match(JSON.stringify(view.error), /"activity":"bad"/);
  const bad = activityOf(view, 'bad');
  assert.is(bad.attempts, 3);
  assert.is(bad.error?.code, 'SCRIPT_ERROR');
  assert.match(String(bad.error?.message), /no coverage found/);
  assert.match(String(bad.error?.stack), /activities\/fail\.ts:\d+/);
  assert.is(activityOf(view, 'ok').status, 'completed');
  assert.is(activityOf(view, 'later').status, 'pending');
  assert.is(view.billingWorkflow?.status, 'failed');
});

walk('a decoupled activity that fails leaves the run completed and is shown as failed', async () => {
  const view = await stand.run('decoupled');
  assert.is(view.status, 'completed');
  assert.is(activityOf(view, 'side').status, 'failed');
  assert.is(activityOf(view, 'under').status, 'skipped');
  assert.is(activityOf(view, 'under').reason, 'ancestor-failed');
  assert.equal(activityOf(view, 'main').output, { done: true });
});

walk('execution: parallel starts siblings together; a chain stays sequential', async () => {
  const view = await stand.run('parallel');
  const [one, two, one1] = ['one', 'two', 'one1'].map((id) => activityOf(view, id));
  assert.ok(String(two?.startedAt) < String(one?.endedAt), 'two started after one had ended');
  assert.ok(String(one1?.startedAt) >= String(one?.endedAt), 'one1 started before one had ended');
});

walk('a child workflow runs under the same tenant and gives its result as output', async () => {
  const view = await stand.run('parent', { word: 'hi', tenantOrganizationId: 'org-1', _workflowId: 'family' });
  assert.is(view.status, 'completed', JSON.stringify(view.error));
  assert.equal(activityOf(view, 'use').output, { got: { word: 'hi', tenant: 'org-1' } });
  assert.is(activityOf(view, 'sub').childRun?.workflowId, 'family-sub');
  const child = await stand.follow('child', String(activityOf(view, 'sub').childRun?.runId));
  assert.equal(child.trigger, { type: 'workflow', id: 'family' });
  assert.is(child.billingWorkflow?.status, 'completed');
});

walk('a child workflow with a name that no run can have fails its run, and no other', async () => {
  for (const name of ['\ud800', 'y'.repeat(3000), 'temporal-sys-scheduler:ts-trigger-schedule-x']) {
    const view = await stand.run('named', { name });
    assert.equal([view.status, view.error?.code], ['failed', 'PARAMS_INVALID'], name.slice(0, 20));
  }
  const long = await stand.run('parent', { word: 'hi', _workflowId: '€'.repeat(255) });
  assert.is(long.status, 'completed', JSON.stringify(long.error));
  const named = await stand.run('named', { name: 'a-name' });
  assert.is(activityOf(named, 'sub').childRun?.workflowId, 'a-name');
});

walk('the result of a run lists every activity with its status', async () => {
  const view = await stand.run('decoupled');
  const output = view.output as { status: string; activities: Record<string, { status: string }> };
  assert.is(output.status, 'completed');
  assert.equal(Object.keys(output.activities).sort(), ['main', 'side', 'under']);
});

walk.run();
