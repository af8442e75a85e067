import {
  ApplicationFailure,
  CancellationScope,
  ChildWorkflowCancellationType,
  condition,
  continueAsNew,
  createEventGroup,
  defineSignal,
  defineUpdate,
  executeChild,
  getRandomStream,
  ParentClosePolicy,
  proxyActivities,
  setHandler,
  setWorkflowOptions,
  sleep,
  startChild,
  TimeoutFailure,
  workflowInfo,
} from '@temporalio/workflow';
import type * as activities from './activities.ts';

const { echo, patient, stalls } = proxyActivities<typeof activities>({
  startToCloseTimeout: '10s',
  heartbeatTimeout: '300ms',
  retry: { maximumAttempts: 1 },
});

const go = defineSignal<[string]>('go');
const change = defineUpdate<string, [string]>('change');

/** Not an async function. */
export function synchronous(value: number): number {
  return value * 2;
}

/** A function in a constant. */
export const arrow = async (name: string): Promise<string> => `arrow ${await echo(name)}`;

class OwnFailure extends ApplicationFailure {}

export async function throwsOwnFailure(): Promise<void> {
  throw new OwnFailure('of a class of our own', 'OwnFailure', true, ['detail']);
}

export async function bytes(): Promise<unknown> {
  const echoed = await echo(new Uint8Array([1, 2, 3]));
  return { is: echoed instanceof Uint8Array, values: [...Object.values(echoed)] };
}

/** What JSON cannot say. */
export async function unfit(): Promise<unknown> {
  const tell = (error: Error) => `${error.name}: ${error.message}`;
  const circle: { self?: unknown } = {};
  circle.self = circle;
  return [await echo<unknown>(1n).catch(tell), await echo(circle).then(() => 'sent', tell)];
}

export async function lateHeartbeat(): Promise<unknown> {
  return stalls().catch((error: Error) => {
    const { cause } = error;
    return cause instanceof TimeoutFailure ? [cause.timeoutType, cause.lastHeartbeatDetails] : String(cause);
  });
}

export async function large(): Promise<unknown> {
  const text = 'äöü😀'.repeat(20_000);
  const echoed = await echo(text);
  return { same: echoed === text, length: echoed.length };
}

/** Signals, updates and a timer in one task; handlers that wait for activities and for each other. */
export async function handlersWait(): Promise<string[]> {
  const seen: string[] = [];
  setHandler(go, async (word) => {
    await condition(() => seen.length > 0);
    seen.push(await echo(`signal ${word}`));
  });
  setHandler(change, async (word) => {
    seen.push(`update ${word}`);
    await condition(() => seen.length > 1);
    return word.toUpperCase();
  });
  await condition(() => seen.length >= 3);
  await sleep(1);
  return seen;
}

/** Goes on by a signal, in the midst of things. */
export async function goesOnBySignal(rounds: string[] = []): Promise<string[]> {
  setHandler(go, async (word) => {
    await continueAsNew<typeof goesOnBySignal>([...rounds, word]);
  });
  if (rounds.length > 0) return rounds;
  await condition(() => false);
  return ['not here'];
}

export async function lingers(): Promise<string> {
  try {
    await condition(() => false);
    return 'went on';
  } catch (error) {
    await CancellationScope.nonCancellable(() => sleep(100));
    throw error;
  }
}

/** What is awaited of a child that is cancelled. */
export async function cancellationTypes(): Promise<unknown> {
  const own = workflowInfo().workflowId;
  const types = [
    ChildWorkflowCancellationType.WAIT_CANCELLATION_COMPLETED,
    ChildWorkflowCancellationType.WAIT_CANCELLATION_REQUESTED,
    ChildWorkflowCancellationType.TRY_CANCEL,
  ];
  const told: unknown[] = [];
  for (const [index, cancellationType] of types.entries()) {
    const scope = new CancellationScope();
    const run = scope.run(async () => {
      const workflowId = `${own}-${index}`;
      const parentClosePolicy = ParentClosePolicy.REQUEST_CANCEL;
      const child = await startChild(lingers, { workflowId, cancellationType, parentClosePolicy });
      return child.result();
    });
    const outcome = run.catch((error: Error) => [error.name, (error.cause as Error)?.name]);
    await sleep(400);
    scope.cancel();
    told.push(await outcome);
  }
  // Those that are not waited for clean up, too.
  await sleep(1500);
  return told;
}

/** Cancelled with its child, which is waited for. */
export async function cancelledWithChild(): Promise<unknown> {
  return executeChild(lingers, { workflowId: `${workflowInfo().workflowId}-child` });
}

class Declared extends Error {}
setWorkflowOptions(() => ({ failureExceptionTypes: [Declared] }), declaresLate);
export async function declaresLate(): Promise<void> {
  await sleep(1);
  throw new Declared('declared by a function');
}

export async function groups(): Promise<string> {
  const group = createEventGroup({ label: 'a group' } as never);
  return group.withScope(async () => {
    await sleep(1);
    return echo('grouped');
  });
}

export async function streams(): Promise<unknown> {
  const stream = getRandomStream('named');
  const numbers = [stream.random(), stream.random()];
  return [numbers.every((number) => number >= 0 && number < 1), numbers[0] !== numbers[1]];
}

export async function manyTimers(): Promise<number> {
  const waits = Array.from({ length: 150 }, (_, index) => sleep(1 + (index % 3)).then(() => index));
  return (await Promise.all(waits)).reduce((sum, value) => sum + value, 0);
}

export async function cancelsPatience(): Promise<string> {
  const scope = new CancellationScope();
  const outcome = scope.run(() => patient()).catch((error: Error) => `${error.name} < ${(error.cause as Error)?.name}`);
  await sleep(200);
  scope.cancel();
  return outcome;
}

/** Calls itself so deep. */
export async function deep(levels: number): Promise<number> {
  const down = (level: number): number => (level === 0 ? 0 : 1 + down(level - 1));
  return down(levels);
}
