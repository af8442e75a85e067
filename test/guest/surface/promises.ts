import { proxyActivities, sleep } from '@temporalio/workflow';
import type * as activities from './activities.ts';

const { after, echo, refuse, several, nothing } = proxyActivities<typeof activities>({
  startToCloseTimeout: '10s',
  retry: { maximumAttempts: 1 },
});

function told(error: unknown): string {
  const { name, message, cause } = error as Error;
  return cause instanceof Error ? `${name}: ${message} < ${told(cause)}` : `${name}: ${message}`;
}

export async function allOf(): Promise<unknown> {
  const values = await Promise.all([after(60, 'slow'), echo('quick'), sleep(20).then(() => 'timer'), 'value']);
  const failed = await Promise.all([after(500, 'slow'), refuse('no', 'Refused')]).catch(told);
  return { values, failed, empty: await Promise.all([]) };
}

export async function settled(): Promise<unknown> {
  const results = await Promise.allSettled([echo(1), refuse('no', 'Refused'), sleep(10)]);
  return results.map((result) => (result.status === 'fulfilled' ? [result.value ?? 'nothing'] : told(result.reason)));
}

export async function anyOf(): Promise<unknown> {
  const first = await Promise.any([refuse('no', 'Refused'), after(50, 'second')]);
  const none = await Promise.any([refuse('a', 'A'), refuse('b', 'B')]).catch((error: AggregateError) => [
    error.name,
    error instanceof AggregateError,
    error.errors.map(told),
  ]);
  return { first, none };
}

export async function raced(): Promise<unknown> {
  const first = await Promise.race([after(400, 'slow'), after(10, 'quick')]);
  const failed = await Promise.race([after(400, 'slow'), refuse('no', 'Refused')]).catch(told);
  return { first, failed };
}

/** Steps of promises that wait for nothing outside interleave as the language says. */
export async function interleaved(): Promise<string> {
  const seen: string[] = [];
  const steps = async (name: string) => {
    for (let step = 0; step < 3; step += 1) {
      seen.push(`${name}${step}`);
      await null;
    }
  };
  await Promise.all([steps('a'), steps('b'), Promise.resolve().then(() => seen.push('then'))]);
  queueAfter(seen);
  await sleep(1);
  return seen.join(' ');
}

function queueAfter(seen: string[]): void {
  void Promise.resolve().finally(() => seen.push('finally'));
  void Promise.reject(new Error('handled')).catch(() => seen.push('caught'));
}

export async function manyAtOnce(): Promise<number> {
  const values = await Promise.all(Array.from({ length: 12 }, (_, index) => echo(index)));
  return values.reduce((sum, value) => sum + value, 0);
}

export async function argumentsOf(): Promise<unknown> {
  const { promise, resolve } = Promise.withResolvers<string>();
  resolve('resolved');
  return [await several('a', 1), await several('b', 2, true), (await nothing()) ?? 'nothing', await promise];
}

/** Nobody waits for the promise that fails. */
export async function unhandled(): Promise<string> {
  void Promise.reject(new Error('nobody waits for this'));
  await sleep(50);
  return 'went on';
}
