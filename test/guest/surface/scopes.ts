import {
  ActivityCancellationType,
  AsyncLocalStorage,
  CancellationScope,
  isCancellation,
  proxyActivities,
  sleep,
} from '@temporalio/workflow';
import type * as activities from './activities.ts';

const { echo, patient } = proxyActivities<typeof activities>({ startToCloseTimeout: '10s', heartbeatTimeout: '2s' });
const abandoning = proxyActivities<typeof activities>({
  startToCloseTimeout: '10s',
  cancellationType: ActivityCancellationType.ABANDON,
});
const waiting = proxyActivities<typeof activities>({
  startToCloseTimeout: '20s',
  heartbeatTimeout: '2s',
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
});

function told(error: unknown): string {
  return `${(error as Error).name}: ${(error as Error).message}${isCancellation(error) ? ' (cancelled)' : ''}`;
}

export async function scopeTimesOut(): Promise<string[]> {
  const late = await CancellationScope.withTimeout(50, () => sleep('1 minute')).catch(told);
  const early = await CancellationScope.withTimeout('1 minute', () => echo('early'));
  return [String(late), early];
}

export async function scopesNest(): Promise<string[]> {
  const seen: string[] = [];
  const outer = new CancellationScope();
  const run = outer.run(async () => {
    const inner = CancellationScope.cancellable(() => sleep('1 hour')).catch((error) => seen.push(told(error)));
    const shielded = CancellationScope.nonCancellable(() => sleep(60).then(() => seen.push('shielded')));
    await sleep(10);
    outer.cancel();
    await Promise.all([inner, shielded]);
    seen.push(`cancelled: ${CancellationScope.current().consideredCancelled}`);
    await sleep(1).catch((error) => seen.push(told(error)));
  });
  await run;
  return seen;
}

export async function cleansUpAfterCancel(): Promise<string> {
  try {
    await patient();
    return 'done';
  } catch (error) {
    const cleaned = await CancellationScope.nonCancellable(async () => {
      await sleep(10);
      return echo('cleaned');
    });
    return `${told(error)}, ${cleaned}`;
  }
}

export async function waitsForActivityToEnd(): Promise<string> {
  return waiting.patient().catch(told);
}

export async function abandonsActivity(): Promise<string> {
  const scope = new CancellationScope();
  const run = scope.run(() => abandoning.after(300, 'late')).catch(told);
  await sleep(20);
  scope.cancel();
  return run;
}

export async function cancelledBeforeIn(): Promise<string[]> {
  const scope = new CancellationScope();
  scope.cancel();
  const timer = scope.run(() => sleep(10)).catch(told);
  const activity = scope.run(() => echo('never')).catch(told);
  return [String(await timer), await activity];
}

export async function cancelRequested(): Promise<string> {
  const scope = new CancellationScope({ cancellable: false });
  const run = scope.run(() => sleep('20s'));
  run.catch(() => undefined);
  return Promise.race([scope.cancelRequested, run]).then(() => 'went on', told);
}

/** What an asynchronous context holds survives every kind of waiting, and is not seen from outside. */
export async function contexts(): Promise<unknown> {
  const context = new AsyncLocalStorage<string>();
  const outside = context.getStore() ?? 'none';
  const inside = await Promise.all(
    ['a', 'b'].map((name) =>
      context.run(name, async () => {
        const seen = [context.getStore()];
        await sleep(10);
        seen.push(context.getStore());
        await echo(name);
        seen.push(context.getStore());
        await Promise.resolve().then(() => seen.push(context.getStore()));
        await new Promise<void>((resolve) => setTimeout(() => resolve(void seen.push(context.getStore())), 5));
        const scope = await CancellationScope.cancellable(async () => context.getStore());
        return [...seen, scope].join();
      }),
    ),
  );
  return { outside, inside, after: context.getStore() ?? 'none' };
}
