import { proxyActivities, proxyLocalActivities, sleep } from '@temporalio/workflow';
import type * as activities from './activities.ts';

const local = proxyLocalActivities<typeof activities>({
  startToCloseTimeout: '5s',
  retry: { maximumAttempts: 3, initialInterval: '20ms' },
});
const remote = proxyActivities<typeof activities>({
  startToCloseTimeout: '5s',
  scheduleToStartTimeout: '4s',
  scheduleToCloseTimeout: '20s',
  heartbeatTimeout: '3s',
  retry: {
    initialInterval: '50ms',
    backoffCoefficient: 1.5,
    maximumInterval: '1s',
    maximumAttempts: 4,
    nonRetryableErrorTypes: ['Hopeless'],
  },
});

export async function localSteps(): Promise<unknown> {
  const first = await local.echo('local');
  const both = await Promise.all([local.after(5, 1), remote.echo(2), local.after(400, 3)]);
  await sleep(10);
  return [first, both, await local.several('x', 1, false)];
}

export async function localRetries(): Promise<unknown> {
  const attempts = await local.flaky(3);
  const failed = await local.flaky(9).catch((error: Error) => [error.name, (error.cause as Error)?.message]);
  return { attempts, failed };
}

export async function remoteRetries(): Promise<unknown> {
  const attempts = await remote.flaky(3);
  const delayed = await remote.flaky(2, '20ms');
  const failed = await remote.flaky(9).catch((error: Error) => [error.name, (error.cause as Error)?.message]);
  return { attempts, delayed, failed };
}

export async function withOptions(): Promise<unknown> {
  const named = proxyActivities<typeof activities>({
    startToCloseTimeout: '5s',
    activityId: 'my-own-id',
    summary: 'an activity with an id of its own',
    priority: { priorityKey: 2 },
  });
  const name = 'echo';
  const computed = await (remote as unknown as Record<string, (value: string) => Promise<string>>)[name]?.('computed');
  const overridden = await remote.echo.executeWithOptions({ startToCloseTimeout: '7s' }, ['overridden']);
  return [await named.echo('named'), computed, overridden];
}
