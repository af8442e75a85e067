// timeout: 60
import { Client, Connection } from '@temporalio/client';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { connectOrStart, ensureAttributes } from '../../host/embedded/temporal.ts';
import { readEnvironment } from '../../host/env.ts';
import { type Scheduled, Schedules } from '../../host/schedules/index.ts';
import type { ScheduleView } from '../../host/schedules/view.ts';
import { eventually } from '../api/call.ts';
import { temporaryFolder } from '../stand/project.ts';

const test = suite('schedules at a real Temporal');
const owned = new AsyncDisposableStack();
let client: Client;
let schedules: Schedules;

test.before(async () => {
  const folder = await temporaryFolder('schedules');
  owned.defer(() => folder.remove());
  const environment = readEnvironment();
  const temporal = await connectOrStart({ environment, dbFile: `${folder.path}/temporal.db`, log: () => undefined });
  owned.defer(() => temporal.close());
  const connection = await Connection.connect({ address: temporal.address });
  owned.defer(() => connection.close());
  await ensureAttributes(connection, temporal.namespace);
  client = new Client({ connection, namespace: temporal.namespace });
  schedules = new Schedules(client);
});
test.after(() => owned.disposeAsync());

const trigger = (id: string, spec: Scheduled['spec'], more: Partial<Scheduled> = {}): Scheduled => ({
  id,
  workflow: 'prebill',
  branch: 'main',
  spec,
  policies: null,
  input: {},
  ...more,
});
const registered = async (...given: Parameters<typeof trigger>): Promise<ScheduleView> => {
  await schedules.register(trigger(...given));
  return schedules.get(given[0]);
};
const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'no error',
    (error: { code?: string }) => error.code,
  );
const FAR = { calendars: [{ year: 2099 }] };

/** Hour and minute of a time in a zone. */
const clock = (time: string, timeZone: string): string =>
  new Date(time).toLocaleTimeString('en-GB', { timeZone, hour: '2-digit', minute: '2-digit' });

test('cron expressions count in the time zone of the spec', async () => {
  const { nextRuns, timezone } = await registered('cron', {
    cronExpressions: ['30 9 * * MON-FRI'],
    timezone: 'America/New_York',
  });
  assert.is(timezone, 'America/New_York');
  assert.is(nextRuns.length, 10);
  assert.ok(
    nextRuns.every((time) => clock(time, 'America/New_York') === '09:30'),
    nextRuns.join(),
  );
  assert.ok(
    nextRuns.every((time) => ![0, 6].includes(new Date(time).getUTCDay())),
    nextRuns.join(),
  );
});

test('cron expressions of 6 and of 7 fields have a year, and a second', async () => {
  const { nextRuns } = await registered('fields', { cronExpressions: ['5 4 1 1 * 2098', '30 5 4 1 1 * 2099'] });
  assert.equal(nextRuns, ['2098-01-01T04:05:00.000Z', '2099-01-01T04:05:30.000Z']);
});

test('intervals have an offset, and the times of several entries are joined', async () => {
  const { nextRuns } = await registered('union', {
    intervals: [{ every: '12h', offset: '5m' }],
    cronExpressions: ['0 6 * * *'],
  });
  const times = new Set(nextRuns.map((time) => time.slice(11, 16)));
  assert.equal([...times].sort(), ['00:05', '06:00', '12:05']);
});

test('calendars, skipped times, and the first and the last day hold as written', async () => {
  const { nextRuns } = await registered('calendar', {
    calendars: [
      { dayOfWeek: 'MONDAY', hour: 6, minute: 0 },
      { dayOfMonth: 31, hour: { start: 0 } },
    ],
    skip: [{ year: 2098, month: 'MARCH', dayOfMonth: '*', hour: '*' }],
    startAt: '2098-03-01T00:00:00Z',
    endAt: '2098-04-15T00:00:00Z',
  });
  assert.equal(nextRuns, ['2098-04-07T06:00:00.000Z', '2098-04-14T06:00:00.000Z']);
});

test('an open range of a calendar is its start alone', async () => {
  const { nextRuns } = await registered('range', {
    calendars: [{ year: 2099, month: 'MAY', dayOfMonth: 1, hour: { start: 0 } }],
  });
  assert.equal(nextRuns, ['2099-05-01T00:00:00.000Z']);
});

test('policies are those of Temporal where none are given', async () => {
  const { policies } = await registered('plain', FAR);
  assert.equal(policies, { overlap: 'SKIP', catchupWindowMs: 365 * 24 * 3600 * 1000, pauseOnFailure: false });
  const given = { overlap: 'BUFFER_ONE', catchupWindow: '10m', pauseOnFailure: true };
  const view = await registered('given', FAR, { policies: given });
  assert.equal(view.policies, { overlap: 'BUFFER_ONE', catchupWindowMs: 600_000, pauseOnFailure: true });
});

test('the input reaches the action as it is written', async () => {
  const input = { when: '$now', list: [1, { deep: '$input.x' }], tenantOrganizationId: 'org-1' };
  const view = await registered('input', FAR, { input });
  assert.equal(view.input, input);
  assert.is(view.tenantOrganizationId, 'org-1');
  const { action } = await client.schedule.getHandle('ts-trigger-schedule-input').describe();
  assert.equal(action.args, [
    { workflow: 'prebill', branch: 'main', input, trigger: { type: 'schedule', id: 'input' } },
  ]);
  assert.is(action.workflowType, 'billingWorkflow');
  assert.is(action.taskQueue, 'billing');
  assert.is(action.memo?.CloisterTenant, 'org-1');
});

test('a schedule that exists is made anew with what is given now, and a paused one stays paused', async () => {
  assert.is(await schedules.register(trigger('anew', FAR, { input: { word: 'old' } })), 'created');
  const paused = await schedules.pause('anew', 'the payer is down');
  assert.is(paused.paused, true);
  assert.is(
    await schedules.register(trigger('anew', { calendars: [{ year: 2098 }] }, { input: { word: 'new' } })),
    'replaced',
  );
  const now = await schedules.get('anew');
  assert.equal(now.input, { word: 'new' });
  assert.match(String(now.nextRuns[0]), /^2098/);
  assert.ok(now.createdAt > paused.createdAt);
  assert.equal([now.paused, now.note], [true, 'the payer is down']);
  assert.is((await schedules.resume('anew', 'it is up')).paused, false);
});

test('what Temporal does not take is told, and costs a schedule that was there nothing', async () => {
  await schedules.register(trigger('kept', FAR, { input: { word: 'old' } }));
  const zone = trigger('kept', { ...FAR, timezone: 'Nowhere/City' });
  assert.is(await codeOf(schedules.register(zone)), 'SCHEDULE_INVALID');
  const month = trigger('kept', { calendars: [{ month: 'SMARCH' }] });
  assert.is(await codeOf(schedules.register(month)), 'SCHEDULE_INVALID');
  assert.equal((await schedules.get('kept')).input, { word: 'old' });
});

test('two hosts that register at the same moment both succeed', async () => {
  const other = new Schedules(client);
  const made = await Promise.all(
    [schedules, other, schedules, other].map((each) => each.register(trigger('race', FAR))),
  );
  assert.is(made.length, 4);
  assert.is((await schedules.get('race')).workflow, 'prebill');
});

test('a schedule of another queue is neither shown nor touched', async () => {
  const other = new Schedules(client, 'billing-other');
  await other.register(trigger('foreign', FAR));
  assert.is(await codeOf(schedules.get('foreign')), 'SCHEDULE_NOT_FOUND');
  assert.is(await codeOf(schedules.register(trigger('foreign', FAR))), 'SCHEDULE_TAKEN');
  assert.is(await codeOf(schedules.remove('foreign')), 'SCHEDULE_NOT_FOUND');
  assert.not.ok((await schedules.list()).some(({ id }) => id === 'foreign'));
  assert.not.ok((await schedules.registered()).has('foreign'));
  assert.is((await other.get('foreign')).id, 'foreign');
});

test('a paused schedule starts a run when it is told to, and the run is labelled and named by it', async () => {
  await schedules.register(trigger('now', FAR, { input: { tenantOrganizationId: 'org-1' } }));
  await schedules.pause('now', 'for the test');
  const run = await schedules.trigger('now');
  assert.match(String(run?.workflowId), /^prebill-trigger-now-\d{4}-\d\d-\d\dT/);
  const { recentRuns, counts } = await schedules.get('now');
  assert.equal(
    recentRuns.map(({ workflowId, runId }) => ({ workflowId, runId })),
    [run],
  );
  assert.equal(counts, { started: 1, skipped: 0, missed: 0 });
  const found = await client.workflow.getHandle(String(run?.workflowId)).describe();
  assert.is(found.memo?.CloisterWorkflow, 'prebill');
  assert.is(found.memo?.CloisterTenant, 'org-1');
  assert.equal(found.searchAttributes.CloisterBranch, ['main']);
  await client.workflow.getHandle(String(run?.workflowId)).terminate();
});

test('a time that comes while the run before is open is skipped, and counted', async () => {
  await schedules.register(trigger('busy', { intervals: [{ every: '1s' }] }));
  const { running } = await eventually(async () => {
    const view = await schedules.get('busy');
    return view.counts.skipped > 0 ? view : null;
  });
  assert.is(running.length, 1);
  await schedules.remove('busy');
  assert.is(await codeOf(schedules.get('busy')), 'SCHEDULE_NOT_FOUND');
  const left = await client.workflow.getHandle(String(running[0]?.workflowId)).describe();
  assert.is(left.status.name, 'RUNNING', 'its runs go on');
  await client.workflow.getHandle(String(running[0]?.workflowId)).terminate();
});

test.run();
