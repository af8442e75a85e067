import type { Case } from '../case.ts';
import type { Pilot } from '../pilot.ts';
import type { Run } from '../run.ts';

const of = 'activities-cancellation-heartbeating';
const group = 'first';
const URL = 'http://example.com';
const NEVER = 'http://example.com/never';
const SLOW = 'http://example.com/slow';

/** A case that runs by itself. */
function alone(type: string, name: string, ...args: readonly unknown[]): Case {
  const drive = async (pilot: Pilot) => void (await pilot.execute(type, ...args));
  return { of, name: `${type}: ${name}`, group, drive };
}

/** A case that is cancelled once `reached` resolves. */
function cancelled(type: string, args: readonly unknown[], reached: (run: Run) => Promise<void>): Case {
  const drive = async (pilot: Pilot) => {
    const run = await pilot.start(type, ...args);
    await reached(run);
    await run.cancel();
    await run.outcome();
  };
  return { of, name: `${type}: cancelled`, group, drive };
}

const running = (run: Run) => run.untilRunning();

/** An activity that is cancelled, and every function of `cancellation-scopes.ts`. */
export const cancellation: readonly Case[] = [
  cancelled('runCancellableActivity', [], running),
  alone('cancelTimer', 'by itself'),
  alone('cancelTimerAltImpl', 'by itself'),
  alone('handleExternalWorkflowCancellationWhileActivityRunning', 'undisturbed', URL, { a: 1 }),
  cancelled('handleExternalWorkflowCancellationWhileActivityRunning', [SLOW, { a: 1 }], running),
  alone('nonCancellable', 'undisturbed', URL),
  cancelled('nonCancellable', [SLOW], running),
  alone('multipleActivitiesSingleTimeout', 'in time', [URL, `${URL}/2`], 5000),
  alone('multipleActivitiesSingleTimeout', 'too late', [NEVER, `${NEVER}/2`], 300),
  alone('resumeAfterCancellation', 'undisturbed', URL),
  cancelled('resumeAfterCancellation', [SLOW], running),
  alone('cancellationScopesWithCallbacks', 'undisturbed'),
  alone('sharedScopes', 'the first of two'),
  alone('shieldAwaitedInRootScope', 'undisturbed'),
];
