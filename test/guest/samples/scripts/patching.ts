import type { Case } from '../case.ts';

/** The queue that serves each version. */
export const VERSIONS = { v1: 'first', v2: 'second', v3: 'third', final: 'fourth' } as const;

/** A run of each version, up to the day that it sleeps. Replays of one version's history by another's code are a test of their own. */
export const patching: readonly Case[] = Object.entries(VERSIONS).map(([name, group]) => ({
  of: 'patching-api',
  name,
  group,
  drive: async (pilot) => {
    const run = await pilot.start('myWorkflow');
    await run.until('TIMER_STARTED');
    await run.terminate();
    await run.outcome();
  },
}));
