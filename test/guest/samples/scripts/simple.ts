import type { Case } from '../case.ts';

const group = 'first';

/** Samples of one idea each. */
export const simple: readonly Case[] = [
  {
    of: 'hello-world',
    name: 'greets',
    group,
    drive: async (pilot) => void (await pilot.execute('example', 'Temporal')),
  },
  {
    of: 'timer-progress',
    name: 'counts to 100 %',
    group,
    drive: async (pilot) => {
      const run = await pilot.start('progress');
      await run.outcome();
      await run.query('getProgress');
    },
  },
  {
    of: 'signals-queries',
    name: 'is unblocked',
    group,
    drive: async (pilot) => {
      const run = await pilot.start('unblockOrCancel');
      await run.query('isBlocked');
      await run.signal('unblock');
      await run.outcome();
      await run.query('isBlocked');
    },
  },
  {
    of: 'signals-queries',
    name: 'is cancelled',
    group,
    drive: async (pilot) => {
      const run = await pilot.start('unblockOrCancel');
      await run.query('isBlocked');
      await run.cancel();
      await run.outcome();
    },
  },
  {
    of: 'state',
    name: 'is kept, and asked for',
    group,
    drive: async (pilot) => {
      const run = await pilot.start('trackState');
      await run.query('getValue', 'meaning-of-life');
      await run.signal('setValue', 'meaning-of-life', 42);
      await run.signal('setValue', 'other', 7);
      await run.query('getValue', 'meaning-of-life');
      await run.query('getValue', 'nothing');
      await run.cancel();
      await run.outcome();
    },
  },
  {
    of: 'child-workflows',
    name: 'three children',
    group,
    drive: async (pilot) => void (await pilot.execute('parentWorkflow', 'Alice', 'Bob', 'Charlie')),
  },
  {
    of: 'continue-as-new',
    name: 'ten times',
    group,
    drive: async (pilot) => void (await pilot.execute('loopingWorkflow')),
  },
  {
    of: 'expense',
    name: 'approved',
    group,
    drive: async (pilot) => {
      const run = await pilot.start('expense', 'approved');
      await run.until('TIMER_STARTED');
      await run.signal('approve');
      await run.outcome();
    },
  },
  {
    of: 'expense',
    name: 'rejected',
    group,
    drive: async (pilot) => {
      const run = await pilot.start('expense', 'rejected');
      await run.until('TIMER_STARTED');
      await run.signal('reject');
      await run.outcome();
    },
  },
  {
    of: 'expense',
    name: 'timed out',
    group,
    drive: async (pilot) => void (await pilot.execute('expense', 'late', '1s')),
  },
  {
    of: 'polling/infrequent',
    name: 'until the service answers',
    group,
    drive: async (pilot) => {
      const run = await pilot.start('greetingWorkflow', 'Temporal');
      await run.until('ACTIVITY_TASK_SCHEDULED');
      await run.hurry('1');
      await run.outcome();
    },
  },
];
