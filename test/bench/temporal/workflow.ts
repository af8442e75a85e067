/** The plain workflow: as many activities as asked for, one after the other, with the options that Cloister gives a script. */
import { proxyActivities } from '@temporalio/workflow';
import type { Load } from './load.ts';

const { fib } = proxyActivities<{ fib(params: Pick<Load, 'n'>): Promise<unknown> }>({
  scheduleToCloseTimeout: '30s',
  retry: { maximumAttempts: 1 },
});

/** Resolves to the outputs. */
export async function plainWorkflow({ steps, n }: Load): Promise<unknown[]> {
  const outputs: unknown[] = [];
  for (let step = 0; step < steps; step++) outputs.push(await fib({ n }));
  return outputs;
}
