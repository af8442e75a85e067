import {
  CancelledFailure,
  condition,
  isCancellation,
  log,
  proxyActivities,
  sleep,
  Trigger,
  uuid4,
  workflowInfo,
} from '@temporalio/workflow';
import type * as activities from './activities.ts';

const { after } = proxyActivities<typeof activities>({ startToCloseTimeout: '10s' });

export async function conditionTimesOut(): Promise<boolean[]> {
  let open = false;
  const first = await condition(() => open, '100ms');
  setTimeout(() => {
    open = true;
  }, 50);
  const second = await condition(() => open, '1 minute');
  const third = await condition(() => open, 1000);
  return [first, second, third];
}

export async function conditionWithoutTime(): Promise<string> {
  const seen: string[] = [];
  void sleep(30).then(() => seen.push('slept'));
  await condition(() => seen.length > 0);
  return seen.join();
}

export async function triggers(): Promise<unknown> {
  const trigger = new Trigger<string>();
  setTimeout(() => trigger.resolve('fired'), 20);
  const failing = new Trigger<never>();
  setTimeout(() => failing.reject(new Error('fired in anger')), 40);
  const first = await trigger;
  const second = await failing.then(
    () => 'resolved',
    (error: Error) => error.message,
  );
  return [first, second, await trigger.then((value) => value.length)];
}

export async function summarized(): Promise<void> {
  await sleep('20ms', { summary: 'a short rest' });
  await condition(() => false, '20ms', { summary: 'nothing to wait for' } as never);
}

/** Callbacks in the order in which they are due; what is cleared never comes. */
export async function callbacks(): Promise<string[]> {
  const seen: string[] = [];
  const never = setTimeout(() => seen.push('never'), 20);
  setTimeout((word: string) => seen.push(`late ${word}`), 80, 'argument');
  setTimeout(() => seen.push('early'), 10);
  clearTimeout(never);
  await sleep(120);
  return seen;
}

/** The clock stands still within a task and moves with history. */
export async function clock(): Promise<unknown> {
  const before = Date.now();
  for (let turn = 0; turn < 1000; turn += 1) Math.sqrt(turn);
  const stands = Date.now() === before && new Date().toISOString() === new Date(before).toISOString();
  await sleep(200);
  const passed = Date.now() - before;
  const date = new Date(Date.UTC(2024, 1, 29, 12, 30));
  return {
    stands,
    passed: passed >= 200,
    near: Math.abs(before - workflowInfo().startTime.getTime()) < 60_000,
    zone: date.getTimezoneOffset() === 0 ? 'UTC' : 'other',
    iso: date.toISOString(),
    json: JSON.stringify({ date }),
    called: typeof Date(),
  };
}

export async function chance(): Promise<unknown> {
  const numbers = Array.from({ length: 100 }, () => Math.random());
  const ids = Array.from({ length: 10 }, () => uuid4());
  return {
    within: numbers.every((number) => number >= 0 && number < 1),
    distinct: new Set(numbers).size === numbers.length && new Set(ids).size === ids.length,
    form: ids.every((id) => /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id)),
  };
}

export async function negativeAndZero(): Promise<string> {
  await sleep(0);
  await sleep(-5);
  await sleep('1ms');
  return 'awake';
}

/** Waits to be cancelled, and says so. */
export async function waitsForCancel(): Promise<string> {
  try {
    await condition(() => false);
    return 'went on';
  } catch (error) {
    log.warn('cancelled', { kind: (error as Error).name, is: isCancellation(error) });
    if (error instanceof CancelledFailure) throw error;
    return 'another error';
  }
}

/** Cancelled in its sleep: the timer is taken back. */
export async function sleepsUntilCancelled(): Promise<string> {
  return sleep('1 hour').then(
    () => 'slept',
    (error) => `${(error as Error).name}: ${(error as Error).message}`,
  );
}

export async function cancelledBeforeStart(): Promise<string> {
  await sleep('5 minutes');
  return 'slept';
}

export async function timerAgainstActivity(): Promise<string[]> {
  const quick = await Promise.race([after(10, 'activity'), sleep('30s').then(() => 'timer')]);
  const slow = await Promise.race([after(900, 'activity'), sleep(50).then(() => 'timer')]);
  return [quick, slow];
}
