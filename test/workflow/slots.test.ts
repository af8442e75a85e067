// timeout: 150
import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { SlotReserveContext } from '@temporalio/worker';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Admission, type AdmissionBounds } from '../../host/temporal/admission.ts';
import { ActivitySlots, StepSlots } from '../../host/temporal/slots.ts';
import { type TestHost, testHost } from '../stand/host.ts';
import { script, workflow } from '../stand/project.ts';

const test = suite('slots for activities');
const CONTEXT: SlotReserveContext = {
  slotType: 'activity',
  taskQueue: 'billing',
  workerIdentity: 'w',
  workerBuildId: 'b',
  isSticky: false,
};
const NEVER = new AbortController().signal;

/** More than the 100 slots that a worker has when nobody gives it more, and that this host has at any rate. */
const WAITING = 160;
const IDS = Array.from({ length: WAITING + 40 }, (_, index) => `a${index}`);

test('some are given whatever the memory is, more only while there is memory, and no more than the most', () => {
  let hasMemory = false;
  const slots = new ActivitySlots({ least: 2, most: 4, hasMemory: () => hasMemory });
  const take = () => slots.tryReserveSlot(CONTEXT) !== null;
  assert.equal([take(), take(), take()], [true, true, false]);
  hasMemory = true;
  assert.equal([take(), take(), take()], [true, true, false]);
  slots.releaseSlot();
  assert.equal([take(), take()], [true, false]);
});

test('who asks for one waits until one is given back, or until nobody needs it any more', async () => {
  const slots = new ActivitySlots({ most: 1 });
  await slots.reserveSlot(CONTEXT, NEVER);
  const controller = new AbortController();
  const unwanted = slots.reserveSlot(CONTEXT, controller.signal).then(
    () => 'given',
    (error: Error) => error.name,
  );
  const next = slots.reserveSlot(CONTEXT, NEVER);
  controller.abort();
  assert.is(await unwanted, 'AbortError');
  assert.is(await Promise.race([next, sleep(400, 'waits')]), 'waits');
  slots.releaseSlot();
  await next;
  assert.is(slots.tryReserveSlot(CONTEXT), null);
});

test('a host whose heap is half full takes no further ones, and goes on when it is free again', async () => {
  const source = `
    import { getHeapStatistics } from 'node:v8';
    import { ActivitySlots } from ${JSON.stringify(new URL('../../host/temporal/slots.ts', import.meta.url).href)};
    const slots = new ActivitySlots({ least: 1 });
    const take = () => slots.tryReserveSlot({}) !== null;
    const told = [take(), take()];
    // All of the limit but a little is that of the old space, as in a host of usual size.
    const isHalfFull = () => getHeapStatistics().used_heap_size > getHeapStatistics().heap_size_limit * 0.55;
    let kept = [];
    while (!isHalfFull()) kept.push(new Array(2 ** 16).fill(1.5));
    told.push(take(), kept.length > 0);
    kept = null;
    gc();
    told.push(take());
    console.log(JSON.stringify(told));`;
  const flags = [
    '--expose-gc',
    '--max-old-space-size=96',
    '--max-semi-space-size=1',
    '--input-type=module',
    '-e',
    source,
  ];
  const { stdout } = await promisify(execFile)(process.execPath, flags);
  assert.equal(JSON.parse(stdout), [true, true, false, true, true]);
});

/** Steps: of a run that is not begun, and of one that is. */
const FRESH: SlotReserveContext = { ...CONTEXT, slotType: 'workflow' };
const BEGUN: SlotReserveContext = { ...FRESH, isSticky: true };

/** An admission with a clock of its own, and slots over it. */
function admitting(bounds: AdmissionBounds) {
  let time = 0;
  const admission = new Admission({ now: () => time, ...bounds });
  const slots = new StepSlots(admission);
  const pass = (ms: number): void => {
    time += ms;
  };
  const started = async (ms: number, times: number): Promise<void> => {
    for (let n = 0; n < times; n++) await admission.watch(async () => pass(ms));
  };
  const take = (context = FRESH): boolean => slots.tryReserveSlot(context) !== null;
  return { admission, slots, pass, started, take };
}

test('while there are callers runs are begun one by one, and the more slowly the longer their starts take', async () => {
  const { admission, pass, started, take } = admitting({});
  assert.equal([take(), take(), take()], [true, true, true], 'nobody has started any');
  await started(5, 100);
  assert.is(admission.pauseMs, 20, 'starts are in time');
  pass(20);
  assert.equal([take(), take()], [true, false]);
  await started(60, 6);
  const { pauseMs } = admission;
  assert.ok(pauseMs > 100 && pauseMs < 500, String(pauseMs));
  assert.equal([take(), take(), take(BEGUN), take(BEGUN)], [true, false, true, true], 'what is begun does not wait');
  pass(pauseMs - 1);
  assert.is(take(), false);
  pass(2);
  assert.equal([take(), take()], [true, false]);
  await started(5, 100);
  assert.is(admission.pauseMs, 20, 'they are in time again');
});

test('the pause has an end, and there is none when nobody starts any runs', async () => {
  const { admission, pass, started, take } = admitting({});
  await started(5, 1);
  await started(300, 30);
  assert.is(admission.pauseMs, 500);
  assert.equal([take(), take()], [true, false]);
  pass(301);
  assert.is(admission.pauseMs, 0);
  assert.equal([take(), take(), take()], [true, true, true]);
});

test('starts that go on being late hold runs back for a while only, and not those of a burst that comes later', async () => {
  const { admission, pass, started } = admitting({ patienceMs: 10_000 });
  await started(5, 1);
  await started(300, 30);
  assert.is(admission.pauseMs, 500);
  await started(300, 10);
  assert.is(Math.round(admission.pauseMs), 60);
  pass(301);
  await started(300, 30);
  assert.is(admission.pauseMs, 500);
});

test('starts that are late together count once, and count as soon as they are', async () => {
  const { admission, pass, started, take } = admitting({});
  await started(5, 20);
  const answer = Promise.withResolvers<void>();
  const starts = Array.from({ length: 20 }, () => admission.watch(() => answer.promise));
  const before = admission.pauseMs;
  pass(60);
  take();
  const { pauseMs } = admission;
  assert.ok(pauseMs > before, String(pauseMs));
  answer.resolve();
  await Promise.all(starts);
  assert.is(admission.pauseMs, pauseMs);
});

test('one late start among others in time holds up nothing', async () => {
  const { admission, started } = admitting({});
  await started(5, 100);
  for (let n = 0; n < 10; n++) {
    await started(300, 1);
    assert.is(admission.pauseMs, 20);
    await started(5, 1);
  }
});

test('a server that takes long for every start is not why runs wait', async () => {
  const { admission, started } = admitting({});
  // What its best is, nobody knows yet at the first.
  await started(90, 100);
  assert.is(admission.pauseMs, 20);
});

test('who waits for a run to begin gets it when its turn comes, and leaves the line when nobody needs it', async () => {
  const { slots, started, pass, take } = admitting({});
  await started(5, 1);
  await started(60, 20);
  assert.is(take(), true);
  const controller = new AbortController();
  const unwanted = slots.reserveSlot(FRESH, controller.signal).catch((error: Error) => error.name);
  const next = slots.reserveSlot(FRESH, NEVER);
  controller.abort();
  assert.is(await unwanted, 'AbortError');
  assert.is(await Promise.race([next, sleep(200, 'waits')]), 'waits');
  await slots.reserveSlot(BEGUN, NEVER);
  pass(301);
  await next;
});

test('a tenant with more activities waiting than a worker usually takes holds up nobody else', async () => {
  const activities = IDS.map((id) => ({ id, script: './activities/hold.ts', params: { ms: 50_000 }, timeout: '2m' }));
  const stand: TestHost = await testHost({
    ...script('hold', 'await new Promise((done) => setTimeout(done, input.ms)); return 1;'),
    ...workflow('many', { limits: { concurrentRuns: 1 }, execution: 'parallel', rootChildren: IDS, activities }),
    ...workflow('one', {
      rootChildren: ['it'],
      activities: [{ id: 'it', script: './activities/hold.ts', params: { ms: 1 } }],
    }),
  });
  try {
    const { body } = await stand.start('many', { tenantOrganizationId: 'a' });
    const queued = async () => {
      const health = (await (await fetch(`${stand.host.url}/health`)).json()) as { sandbox: { queued: number } };
      return health.sandbox.queued;
    };
    while ((await queued()) < WAITING) await sleep(100);
    const view = await stand.run('one', { tenantOrganizationId: 'b' });
    assert.is(view.status, 'completed', JSON.stringify(view.error));
    assert.ok((await queued()) >= WAITING, 'they still wait');
    await stand.host.runs.cancel({ workflowId: String(body.workflowId), runId: String(body.runId) });
    assert.is((await stand.follow('many', String(body.runId))).error?.code, 'CANCELLED');
    assert.is(await queued(), 0);
  } finally {
    await stand.close();
  }
});

test.run();
