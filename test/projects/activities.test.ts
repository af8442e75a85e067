// timeout: 120
/** Activities of projects: found per call, errors as Temporal tells them, cancellation with time to clean up, heartbeats, retries. */
import type { Context } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { headerOf, keepHeader } from '../../host/temporal/project/header.ts';
import { ACTIVITY_HEADER } from '../../registry/index.ts';
import { openStage } from './activities/stage.ts';

const stage = await openStage('http://127.0.0.1:9');
const test = suite('activities of projects in Temporal');

/** Temporal's sample activities-cancellation-heartbeating, as it stands. */
const FAKE_PROGRESS = `
import { activityInfo, log, sleep, CancelledFailure, heartbeat } from '@temporalio/activity';

export async function fakeProgress(sleepIntervalMs = 1000): Promise<void> {
  try {
    // allow for resuming from heartbeat
    const startingPoint = activityInfo().heartbeatDetails || 1;
    log.info('Starting activity at progress', { startingPoint });
    for (let progress = startingPoint; progress <= 100; ++progress) {
      log.info('Progress', { progress });
      await sleep(sleepIntervalMs);
      heartbeat(progress);
    }
  } catch (err) {
    if (err instanceof CancelledFailure) {
      log.warn('Fake progress activity cancelled', { message: err.message });
      // Cleanup
    }
    throw err;
  }
}`;

const FAILING = `
import { ApplicationFailure, CompleteAsyncError } from '@temporalio/activity';
class OwnError extends Error {}
export async function named() { const error = new Error('as named'); error.name = 'CardDeclined'; throw error; }
export async function subclass() { throw new OwnError('of a class'); }
export async function final() { throw Object.assign(new Error('never again'), { nonRetryable: true }); }
export async function failure() {
  throw ApplicationFailure.create({
    message: 'with all', type: 'Full', nonRetryable: true, details: [{ a: 1 }, 'b'], cause: new RangeError('under it'),
  });
}
export async function delayed() { throw ApplicationFailure.create({ message: 'later', nextRetryDelay: '50ms' }); }
export async function text() { throw 'no error'; }
export async function async() { throw new CompleteAsyncError(); }
export async function nothing() {}
export async function several(a: unknown, b = 'default', ...rest: unknown[]) { return [a, b, rest]; }
export async function callback() { return { cb: () => 1 }; }
export async function large() { return 'x'.repeat(20_000); }
export async function endless() { for (;;); }
export async function slow() { await new Promise((resolve) => setTimeout(resolve, 10_000)); }
export async function bomb() { const all = []; for (;;) all.push(new Array(10_000).fill(all.length)); }
export async function dropped() { setTimeout(() => console.log('late'), 60_000); return 1; }
export async function info() { const { activityInfo } = await import('@temporalio/activity'); return activityInfo(); }
export const constant = 5;
`;

const RETRIED = `
import { activityInfo, heartbeat } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { fhir } from 'cloister';
export async function writes() {
  const { attempt, heartbeatDetails } = activityInfo();
  await fhir.create({ resourceType: 'Basic' });
  await fhir.create({ resourceType: 'Basic' });
  if (attempt > 1) return { attempt, heartbeatDetails };
  heartbeat({ first: true });
  heartbeat({ done: 7 });
  throw ApplicationFailure.retryable('once more');
}`;

const CANCELLED = `
import { Context, cancelled, CancelledFailure } from '@temporalio/activity';
export async function cleansUp() {
  const { cancellationSignal } = Context.current();
  await new Promise((resolve) => cancellationSignal.addEventListener('abort', resolve));
  await new Promise((resolve) => setTimeout(resolve, 300));
  return 'cleaned up: ' + cancellationSignal.reason.message + ' ' + Context.current().cancellationDetails.cancelRequested;
}
export async function waits() { await cancelled(); }
export async function deaf() { await new Promise((resolve) => setTimeout(resolve, 19_000)); }
`;

const project = await stage.project({
  fakeProgress: FAKE_PROGRESS,
  failing: FAILING,
  retried: RETRIED,
  cancelled: CANCELLED,
});
await stage.work(() => project);

const ONCE = { retry: { maximumAttempts: 1 } };
const WAITING = { cancellationType: 'WAIT_CANCELLATION_COMPLETED', ...ONCE };

const call = (name: string, args: readonly unknown[] = [], over: Parameters<typeof stage.call>[3] = {}) =>
  stage.call(project, name, args, { options: ONCE, ...over });

async function failureOf(name: string, over: Parameters<typeof stage.call>[3] = {}): Promise<ApplicationFailure> {
  const failure = await call(name, [], over).then(
    () => null,
    (error: unknown) => error,
  );
  if (!(failure instanceof ApplicationFailure)) throw new Error(`no failure of an application: ${failure}`);
  assert.not.match(JSON.stringify(failure.failure), /node_modules|file:|host\/|node:/, 'nothing of the host');
  return failure;
}

test.after(async () => {
  await stage[Symbol.asyncDispose]();
});

test('an error is told by its name, with the stack of the script and nothing of the host', async () => {
  const named = await failureOf('named');
  assert.equal([named.type, named.message, named.nonRetryable], ['CardDeclined', 'as named', false]);
  assert.is((await failureOf('subclass')).type, 'OwnError');
  assert.is((await failureOf('final')).nonRetryable, true);
  const { type, message } = await failureOf('text');
  assert.equal([type ?? null, message], [null, 'no error']);
  assert.match(named.failure?.stackTrace ?? '', /^CardDeclined: as named\n {4}at named \([^/]*\.ts:4:\d+\)$/);
});

test('an ApplicationFailure comes over whole, its cause too', async () => {
  const failure = await failureOf('failure');
  assert.equal(
    [failure.type, failure.message, failure.nonRetryable, failure.details],
    ['Full', 'with all', true, [{ a: 1 }, 'b']],
  );
  const { cause } = failure;
  assert.instance(cause, ApplicationFailure);
  assert.equal([(cause as ApplicationFailure).type, cause?.message], ['RangeError', 'under it']);
  const late = await failureOf('delayed', { options: { retry: { maximumAttempts: 2, initialInterval: '1 hour' } } });
  assert.is(late.message, 'later', 'the script says when it is tried again');
});

test('arguments come by position, and undefined goes as null', async () => {
  assert.equal(await call('several', [1]), [1, 'default', []]);
  assert.equal(await call('several', [{ a: 1 }, 'b', 3, 4]), [{ a: 1 }, 'b', [3, 4]]);
  assert.is(await call('nothing'), null);
});

test('what is no JSON, too large, or over a limit has its code, and some of it is final', async () => {
  const told = async (name: string, options: Record<string, unknown> = ONCE): Promise<string> => {
    const { type, nonRetryable, message } = await failureOf(name, { options });
    return `${type} ${nonRetryable ? 'final' : 'again'} ${message}`;
  };
  assert.match(
    await told('callback'),
    /^RESULT_NOT_JSON final callback result: found a function at "cb", expected JSON$/,
  );
  assert.match(await told('large'), /^RESULT_TOO_LARGE final large result: found too large: /);
  assert.match(await told('endless'), /^SCRIPT_CPU final activity endless: the script used more than 1000 ms of CPU/);
  assert.match(await told('bomb'), /^SCRIPT_MEMORY final activity bomb: found heap above 32 MB, expected less$/);
  assert.match(await told('slow', { ...ONCE, startToCloseTimeout: '1s' }), /^SCRIPT_WALL again activity slow: /);
  assert.match(
    await told('async'),
    /^ACTIVITY_ERROR final activity async: found CompleteAsyncError, expected a result/,
  );
});

test('what is still open when the function returns is dropped, and a line says so', async () => {
  assert.is(await call('dropped'), 1);
  const line = stage.lines.find(({ of }) => of.name === 'dropped');
  assert.equal(
    [line?.level, line?.message.replace(/ \(.*/, '')],
    ['warn', 'still open when the function returned, and dropped: calls 0, timers 1'],
  );
});

test('an unknown name and an unknown version are told, with those that there are', async () => {
  const unknown = await failureOf('sendMail');
  assert.equal([unknown.type, unknown.nonRetryable], ['ACTIVITY_NOT_FOUND', true]);
  assert.match(unknown.message, /^activity sendMail: found no such name, expected one of async, .*, buildPackage, /);
  assert.is((await failureOf('constant')).type, 'ACTIVITY_NOT_FOUND');
});

test('PW-15, PW-16 a new activity is callable at once, under its own name, and wins over a built-in one', async () => {
  const other = await stage.project({ mine: 'export async function transformData() { return "mine"; }' });
  await stage.work(() => other);
  assert.is(await stage.call(other, 'transformData', []), 'mine');
  const id = await stage.rig.component(other, 'late', 'export const bornLate = (x: number) => x + 1;');
  await stage.rig.workflow(other, 'again', 'export async function again() {}', [id]);
  assert.is(await stage.call(other, 'bornLate', [41], { workflowId: 'born-late' }), 42);
  const { events = [] } = await stage.client.workflow.getHandle('born-late').fetchHistory();
  const types = events?.flatMap((event) => event.activityTaskScheduledEventAttributes?.activityType?.name ?? []);
  assert.equal(types, ['bornLate']);
});

test('PW-17 versions side by side are callable: two exports, two rows of one name, and the newest of each', async () => {
  const mail = (text: string) => `export const sendEmail = () => ${JSON.stringify(text)};`;
  const versioned = await stage.project({ v2: 'export const sendEmailV2 = () => "two";' });
  await stage.work(() => versioned);
  const ids = [];
  for (const version of ['1', '2'])
    ids.push(await stage.rig.component(versioned, 'sendEmail', mail(`version ${version}`), { version }));
  await stage.rig.workflow(versioned, 'mailer', 'export async function mailer() {}', ids);
  const sent = (name: string) => stage.call(versioned, name, [], { options: ONCE });
  assert.equal(
    [await sent('sendEmail'), await sent('sendEmailV2'), await sent('sendEmail@1'), await sent('sendEmail@2')],
    ['version 2', 'two', 'version 1', 'version 2'],
  );
  const failure = await sent('sendEmail@9').then(
    () => null,
    (error: ApplicationFailure) => error,
  );
  assert.is(failure?.type, 'ACTIVITY_VERSION_NOT_FOUND');
  assert.match(failure?.message ?? '', /expected one of sendEmail, sendEmail@1, sendEmail@2$/);
});

test('a retry runs the pinned bytes, or the newest where the project says so', async () => {
  const text = (answer: string) => `export const which = () => ${JSON.stringify(answer)};`;
  const changing = await stage.project({});
  await stage.work(() => changing);
  const id = await stage.rig.component(changing, 'which', text('old'));
  await stage.rig.workflow(changing, 'asks', 'export async function asks() {}', [id]);
  const pinned = (await stage.headers(changing))('which') as { pin: Record<string, unknown> };
  await stage.rig.store.saveComponent({ id, projectId: changing.id, name: 'which', code: text('new') });
  assert.is(await stage.call(changing, 'which', [], { header: pinned }), 'old');
  const latest = { ...pinned, pin: { ...pinned.pin, digest: null } };
  assert.is(await stage.call(changing, 'which', [], { header: latest }), 'new');
  assert.is(await stage.call(changing, 'which', [], { header: undefined }), 'new', 'scheduled by somebody else');
});

test('fakeProgress of Temporal runs unchanged: heartbeats, is cancelled, and its last word comes with the retry', async () => {
  stage.lines.length = 0;
  const cancelling = call('fakeProgress', [100], {
    cancelAfterMs: 1_500,
    options: { ...WAITING, heartbeatTimeout: '3s' },
  });
  await cancelling.then(
    () => assert.unreachable('it was not cancelled'),
    (error: unknown) => assert.instance(error, CancelledFailure),
  );
  const messages = stage.lines.map(({ message }) => message);
  assert.is(messages[0], 'Starting activity at progress');
  assert.is(messages.at(-1), 'Fake progress activity cancelled');
  assert.equal(stage.lines.at(-1)?.data, { message: 'CANCELLED' });
});

test('heartbeat details and keys of writes are the same over a retry', async () => {
  stage.keys.length = 0;
  const options = { retry: { maximumAttempts: 2, initialInterval: '50ms' } };
  assert.equal(await call('writes', [], { options }), { attempt: 2, heartbeatDetails: { done: 7 } });
  const [first, second, ...again] = stage.keys;
  assert.equal(again, [first, second]);
  assert.match(first ?? '', /^[0-9a-f-]{36}:1:0$/);
});

test('a cancelled script may clean up, within its grace, and one that does not listen is ended', async () => {
  const cancelled = (name: string) => call(name, [], { cancelAfterMs: 300, options: WAITING });
  assert.is(await cancelled('cleansUp'), 'cleaned up: CANCELLED true');
  for (const name of ['waits', 'deaf']) {
    const began = performance.now();
    const failure = await cancelled(name).catch((error: unknown) => error);
    assert.instance(failure, CancelledFailure, name);
    assert.ok(performance.now() - began < 12_000);
  }
});

test('local activities of guests reach the same scripts, and are cancelled as they are', async () => {
  assert.equal(await call('several', ['local'], { isLocal: true }), ['local', 'default', []]);
  const info = (await call('info', [], { isLocal: true })) as Record<string, unknown>;
  assert.equal([info.isLocal, info.activityType, info.attempt], [true, 'info', 1]);
  assert.not.ok('taskToken' in info || 'base64TaskToken' in info);
  assert.is((await failureOf('failure', { isLocal: true })).type, 'Full');
});

test("the host's own steps answer the interpreter alone", async () => {
  const header = (await stage.headers(project))('nothing');
  for (const [name, over] of [
    ['cloister:loadPlan', { header, isLocal: true }],
    ['cloister:loadPlan', { header: undefined }],
    ['cloister:checkTarget', { header: undefined }],
    ['cloister:other', { header: undefined }],
  ] as const) {
    const failure = await failureOf(name, over);
    assert.equal([failure.type, failure.nonRetryable], ['RESERVED_NAME', true], name);
  }
  const step = (name: string, args: unknown) => call(name, [args], { header: undefined, isLocal: true });
  const loaded = (await step('cloister:loadPlan', { type: 'run' })) as { ok: true; plan: { entry: string } };
  assert.equal([loaded.ok, loaded.plan.entry], [true, 'run']);
  assert.is(((await step('cloister:loadPlan', { type: 'emial' })) as { code: string }).code, 'WORKFLOW_TYPE_UNKNOWN');
  const other = await stage.rig.project({ name: 'Elsewhere' });
  await stage.client.workflow.start('call', { taskQueue: other.taskQueueName, workflowId: 'elsewhere', args: [] });
  await stage.client.workflow.start('call', { taskQueue: project.taskQueueName, workflowId: 'here', args: [] });
  const targets = [];
  for (const workflowId of ['here', 'elsewhere', 'nowhere'])
    targets.push(await step('cloister:checkTarget', { workflowId }));
  assert.equal(targets, ['own', 'missing', 'missing']);
  for (const id of ['here', 'elsewhere']) await stage.client.workflow.getHandle(id).terminate();
});

test('a header that nobody of ours wrote is refused', async () => {
  for (const header of [{ pin: 17 }, 'text', { pin: { kind: 'own' }, workflow: { id: 'x', name: 'y' } }]) {
    assert.is((await failureOf('nothing', { header })).type, 'PLAN_INVALID');
  }
});

test('who knows the digest of a foreign bundle runs those bytes as its own: its tenant, its cell, its log', async () => {
  const whose = 'export const whose = () => { console.log("said"); return "theirs"; };';
  const [mine, theirs] = [await stage.project({}, { tenant: 'org-b' }), await stage.project({ whose })];
  await stage.work(() => mine);
  // No guest can write this header: the interpreter does, for every activity that a guest schedules.
  const header = (await stage.headers(theirs))('whose');
  assert.is(await stage.call(mine, 'whose', [], { header }), 'theirs');
  const { of } = stage.lines.find(({ of: { name } }) => name === 'whose') ?? {};
  assert.equal([of?.projectId, of?.tenant, theirs.tenant], [mine.id, 'org-b', 'org-a']);
  assert.is((await failureOf('whose', { options: ONCE })).type, 'ACTIVITY_NOT_FOUND', 'by its name it is not there');
});

test('a header that cannot be decoded is one that nobody of ours wrote', async () => {
  const context = {} as Context;
  const broken = { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('{') };
  const input = { args: [], headers: { [ACTIVITY_HEADER]: broken } };
  assert.is(await keepHeader(context).inbound.execute?.(input, async () => 'went on'), 'went on');
  assert.is(headerOf(context), 'unreadable');
});

test('a stopped worker gives its activities their grace, and what it cuts off is tried again elsewhere', async () => {
  const moving = await stage.project({ waits: CANCELLED });
  const first = await stage.work(() => moving);
  const waiting = stage.call(moving, 'deaf', [], {
    options: { startToCloseTimeout: '2s', retry: { maximumAttempts: 2, initialInterval: '100ms' } },
  });
  const failed = waiting.catch((error: unknown) => error);
  while (first.stats().activitiesRunning === 0) await new Promise((resolve) => setTimeout(resolve, 20));
  await first.stop();
  await first.ended;
  await stage.work(() => moving);
  assert.is(((await failed) as ApplicationFailure).type, 'SCRIPT_WALL', 'the second attempt had its own time');
});

test('nothing of it was trouble of the host', () => {
  assert.equal(stage.failures, []);
});

test.run();
