import type { Case } from '../samples/case.ts';
import type { Pilot } from '../samples/pilot.ts';
import type { Run } from '../samples/run.ts';

const group = 'surface';

/** A case of one run: started, talked to, waited for. */
function one(of: string, type: string, talk: (run: Run) => Promise<unknown>, ...args: readonly unknown[]): Case {
  const drive = async (pilot: Pilot) => {
    const run = await pilot.start(type, ...args);
    await talk(run);
    await run.outcome();
  };
  return { of, name: [type, ...args].join(' '), group, drive };
}

const failures = ['plain message', 'everything', 'retryable', 'from error', 'activity', 'unheard of'];

/** Cases in which a client has a say. */
export const talking: readonly Case[] = [
  ...failures.map((kind) => one('failures', 'fails', async () => undefined, kind)),
  one('language', 'values', async () => undefined, null, 0, '', 'ünï', [1, [2]], { a: { b: null } }, 1e21, true),
  ...['waitsForCancel', 'sleepsUntilCancelled'].map((type) =>
    one('timers', type, async (run) => {
      await run.until('WORKFLOW_TASK_COMPLETED');
      await run.cancel();
    }),
  ),
  {
    of: 'timers',
    name: 'cancelledBeforeStart',
    group,
    drive: async (pilot) => {
      const run = await pilot.startWith('cancelledBeforeStart', { startDelay: '600ms' });
      await run.cancel();
      await run.outcome();
    },
  },
  ...['cleansUpAfterCancel', 'waitsForActivityToEnd'].map((type) =>
    one('scopes', type, async (run) => {
      await run.untilRunning();
      await run.cancel();
    }),
  ),
  one('scopes', 'cancelRequested', async (run) => {
    await run.until('TIMER_STARTED');
    await run.cancel();
  }),
  one('messages', 'lateHandlers', async (run) => {
    await run.signal('add', 'a');
    await run.signal('add', 'b', 2);
    await run.signal('add', 'c');
  }),
  one('messages', 'defaults', async (run) => {
    await run.signal('unheard', 1, 'two');
    await run.query('unheard', { a: 1 });
    await run.update('unheard', 'x', 2);
    await run.signal('done');
  }),
  one('messages', 'asked', async (run) => {
    await run.query('words');
    await run.signal('add', 'b');
    await run.query('words');
    for (const name of ['broken', 'refused', 'nothing', 'unheard of', '__temporal_workflow_metadata'])
      await run.query(name);
    await run.query('mirror', [1], { two: 2 });
    await run.update('unheard of');
    await run.signal('done');
  }),
  one('messages', 'updated', async (run) => {
    await run.update('rename', 'one');
    await run.update('rename', '');
    await run.update('rename', 'much too long');
    await run.update('fetchName', 'two');
    await run.update('fetchName', 'bad');
    const last = await run.startUpdate('fetchName', 'last');
    await run.signal('done');
    await last();
  }),
  one('messages', 'slowHandlers', (run) => run.signal('add', 'a')),
  one('messages', 'handlerRefuses', (run) => run.signal('add', 'word')),
  one('messages', 'handlersChange', async (run) => {
    await run.signal('add', 'a');
    await run.query('words');
    await run.signal('add', 'b');
    await run.until('TIMER_STARTED');
    await run.signal('add', 'c');
  }),
  one('edges', 'synchronous', async () => undefined, 4),
  one('edges', 'deep', async () => undefined, 500),
  one('edges', 'handlersWait', async (run) => {
    await run.signal('go', 'a');
    await run.update('change', 'b');
    await run.signal('go', 'c');
  }),
  one('edges', 'goesOnBySignal', (run) => run.signal('go', 'a')),
  one('edges', 'cancelledWithChild', async (run) => {
    await run.until('CHILD_WORKFLOW_EXECUTION_STARTED');
    await run.cancel();
  }),
  {
    of: 'state',
    name: 'info',
    group,
    drive: async (pilot) => {
      const run = await pilot.startWith('info', {
        memo: { who: 'somebody', list: [1] },
        searchAttributes: { SurfaceKeyword: ['here'] },
        workflowExecutionTimeout: '5 minutes',
        workflowRunTimeout: '4 minutes',
        workflowTaskTimeout: '9s',
        retry: { maximumAttempts: 3, initialInterval: '2s' },
      });
      await run.outcome();
    },
  },
  {
    of: 'failures',
    name: 'retriedRun',
    group,
    drive: async (pilot) => {
      const run = await pilot.startWith('retriedRun', { retry: { maximumAttempts: 2, initialInterval: '100ms' } });
      await run.outcome();
    },
  },
];
