/** Workflow code that means harm, or does it. Each runs as a guest; nothing here is imported by the tests. */
import * as wf from '@temporalio/workflow';

interface Inside {
  readonly info: { readonly taskQueue: string };
  readonly knownFlags: Set<number>;
  pushCommand(command: unknown): void;
}

const inside = (): Inside => (globalThis as unknown as { __TEMPORAL_ACTIVATOR__: Inside }).__TEMPORAL_ACTIVATOR__;
const foreign = wf.proxyActivities<Record<string, () => Promise<void>>>({
  taskQueue: 'other-queue',
  startToCloseTimeout: '1s',
});
const own = wf.proxyActivities<Record<string, (...args: unknown[]) => Promise<unknown>>>({
  startToCloseTimeout: '5s',
  retry: { maximumAttempts: 1 },
});
const near = wf.proxyLocalActivities<Record<string, (turn: number) => Promise<unknown>>>({ startToCloseTimeout: '5s' });
const forever = (): never => {
  for (;;);
};

export async function spins(): Promise<void> {
  forever();
}

export async function spinsAndCatches(): Promise<void> {
  for (;;) {
    try {
      forever();
    } catch {
      // As if nothing had happened.
    } finally {
    }
  }
}

export async function spinsLater(): Promise<void> {
  await wf.sleep(10);
  forever();
}

export async function spinsInMicrotasks(): Promise<void> {
  for (;;) await null;
}

export async function spinsInNativeCode(): Promise<void> {
  const list = new Array(200_000).fill(0);
  for (;;) list.indexOf(1);
}

export async function spinsInBigIntegers(): Promise<void> {
  let x = 3n;
  for (;;) x = (x * x) % 2n ** 100_000n;
}

export async function spinsInARegularExpression(): Promise<boolean> {
  return /^(a+)+$/.test(`${'a'.repeat(40)}b`);
}

export async function spinsInASignal(): Promise<void> {
  wf.setHandler(wf.defineSignal('go'), forever);
  await wf.condition(() => false);
}

export async function takesMemory(): Promise<void> {
  const kept: unknown[] = [];
  for (;;) kept.push(new Array(10_000).fill(1));
}

export async function takesMemoryAndCatches(): Promise<void> {
  const kept: unknown[] = [];
  for (;;) {
    try {
      kept.push(new Array(10_000).fill(1));
    } catch {
      // There is always more.
    }
  }
}

export async function recurses(): Promise<number> {
  const deeper = (): number => deeper() + 1;
  return deeper();
}

export async function nests(): Promise<unknown> {
  return JSON.parse('['.repeat(1_000_000));
}

export async function callsAnotherQueue(): Promise<void> {
  await foreign.anything?.();
}

export async function callsAHostStep(): Promise<void> {
  await own['cloister:loadPlan']?.({});
}

export async function pushesAHostStep(): Promise<void> {
  const { info } = inside();
  const step = { seq: 1, activityId: '1', activityType: 'cloister:loadPlan', taskQueue: info.taskQueue };
  inside().pushCommand({ scheduleLocalActivity: step });
  await wf.sleep(1);
}

export async function pushesAnotherQueue(): Promise<void> {
  const child = { seq: 1, workflowId: 'x', workflowType: 'x', taskQueue: 'other-queue' };
  inside().pushCommand({ startChildWorkflowExecution: child });
  await wf.sleep(10);
}

export async function pushesNonsense(): Promise<void> {
  inside().pushCommand({ startTimer: { seq: 'one', startToFireTimeout: 5 } });
  await wf.sleep(10);
}

export async function pushesANumberTwice(): Promise<void> {
  await wf.sleep(1);
  inside().pushCommand({ startTimer: { seq: 1, startToFireTimeout: { seconds: 1, nanos: 0 } } });
  await wf.sleep(10);
}

export async function pushesANexusOperation(): Promise<void> {
  inside().pushCommand({ scheduleNexusOperation: { seq: 1, endpoint: 'x', service: 'y', operation: 'z' } });
  await wf.sleep(10);
}

export async function takesALabelOfTheHost(): Promise<void> {
  wf.upsertMemo({ CloisterTenant: 'another' });
  await wf.sleep(10);
}

export async function answersNobody(): Promise<void> {
  inside().pushCommand({ respondToQuery: { queryId: 'legacy_query', succeeded: {} } });
  await wf.sleep(10);
}

export async function answersNoUpdate(): Promise<void> {
  inside().pushCommand({ updateResponse: { protocolInstanceId: 'nobody', accepted: {} } });
  await wf.sleep(10);
}

export async function setsAnUnknownFlag(): Promise<void> {
  inside().knownFlags.add(99_999);
  await wf.sleep(10);
}

/** What its errors and lines say is no text, and does not turn into one. */
export async function saysNoText(): Promise<void> {
  Object.assign(String.prototype, { slice: () => ({ toString: 1 }) });
  wf.log.info('hello');
  throw new Error('something');
}

export async function sendsTooMuchAtOnce(): Promise<void> {
  await Promise.all(Array.from({ length: 4 }, () => own.step?.('x'.repeat(1_500_000))));
}

const refused: Readonly<Record<string, unknown>> = {
  scheduleActivity: { seq: 1, activityId: '1', activityType: '', startToCloseTimeout: { seconds: 1 } },
  startChildWorkflowExecution: { seq: 1, workflowId: '', workflowType: 'neighbour' },
  signalExternalWorkflowExecution: { seq: 1, signalName: 'go' },
  requestCancelExternalWorkflowExecution: { seq: 1 },
  startTimer: { seq: 1, startToFireTimeout: { seconds: -5 } },
  failWorkflowExecution: {},
  scheduleLocalActivity: { seq: 1, activityId: '1', activityType: 'step' },
  continueAsNewWorkflowExecution: { workflowType: 'x'.repeat(3_000) },
  upsertWorkflowSearchAttributes: { searchAttributes: { indexedFields: {} } },
  modifyWorkflowProperties: { upsertedMemo: { fields: {} } },
};

const child = { seq: 1, workflowId: 'odd', workflowType: 'neighbour' };
/** Of its own, so that it is there. */
const target = () => ({ seq: 1, workflowExecution: { workflowId: wf.workflowInfo().workflowId, runId: 'no-run' } });

/** The same kinds once more, with something else in them that ends in Temporal's refusal, or in a server that cannot finish it. */
const odd = (): readonly unknown[] => [
  { startChildWorkflowExecution: { ...child, cronSchedule: 'every day' } },
  { startChildWorkflowExecution: { ...child, cronSchedule: 'TZ=UTC' } },
  { startChildWorkflowExecution: { ...child, parentClosePolicy: 77 } },
  { signalExternalWorkflowExecution: { ...target(), signalName: 'go' } },
  { requestCancelExternalWorkflowExecution: target() },
];

export async function pushesWhatIsOdd(at: number): Promise<void> {
  inside().pushCommand(odd()[at]);
  await wf.sleep(10);
}

const json = (data: string) => ({ metadata: { encoding: { $u: 'json/plain' } }, data: { $u: data } });

/** Values of search attributes as they are written, past the SDK's own checks. */
export async function setsAttributes(values: Readonly<Record<string, string>>): Promise<string> {
  const indexedFields = Object.fromEntries(Object.entries(values).map(([name, text]) => [name, json(text)]));
  inside().pushCommand({ upsertWorkflowSearchAttributes: { searchAttributes: { indexedFields } } });
  await wf.sleep(1);
  return 'set';
}

export async function setsAttributesAndEnds(): Promise<string> {
  const indexedFields = { HostileNumber: json('7') };
  inside().pushCommand({ upsertWorkflowSearchAttributes: { searchAttributes: { indexedFields } } });
  return 'ended';
}

export async function startsChildWithAttribute(name: string): Promise<void> {
  await wf.executeChild('neighbour', { searchAttributes: { [name]: ['x'] } });
}

export async function continuesWithAttribute(name: string): Promise<void> {
  await wf.makeContinueAsNewFunc({ searchAttributes: { [name]: ['x'] } })();
}

export async function startsChildByCron(cronSchedule: string): Promise<string> {
  const child = await wf.startChild('waits', { cronSchedule, parentClosePolicy: 'TERMINATE' });
  return child.workflowId;
}

export async function waits(): Promise<void> {
  await wf.condition(() => false);
}

export async function schedulesTooMany(): Promise<void> {
  await Promise.all(Array.from({ length: 2_001 }, () => own.step?.()));
}

/** Each batch is small enough, and all of them go out with one task. */
export async function sendsTooMuchInATask(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) {
    void own.step?.('x'.repeat(1_500_000));
    await near.step?.(turn);
  }
}

export async function asksFor(id: string): Promise<readonly unknown[]> {
  const told: unknown[] = [];
  const tell = (error: unknown): void => {
    const { name, message, type, nonRetryable } = error as wf.ApplicationFailure;
    told.push([name, message, type, nonRetryable]);
  };
  await wf.getExternalWorkflowHandle(id).signal('go').catch(tell);
  await wf.getExternalWorkflowHandle(id).cancel().catch(tell);
  return told;
}

export async function cancelsWhatItStarts(workflowId: string): Promise<string> {
  await wf.executeChild('neighbour', { workflowId });
  const second = wf.executeChild('neighbour', { workflowId });
  const told = wf
    .getExternalWorkflowHandle(workflowId)
    .cancel()
    .then(
      () => 'cancelled',
      (error: Error) => error.message,
    );
  await second;
  return told;
}

export async function returnsABigInt(): Promise<unknown> {
  return { lines: [{ price: 1 }, { price: 2n }] };
}

export async function returnsACycle(): Promise<unknown> {
  const top: Record<string, unknown> = {};
  top.below = { top };
  return top;
}

export async function returnsAFunction(): Promise<unknown> {
  return () => 1;
}

export async function passesABigInt(): Promise<void> {
  await own.step?.({ deep: { n: 1n } });
}

/** A command that Temporal refuses with the whole task, if it comes to that. */
export async function pushesWhatTemporalRefuses(name: string): Promise<void> {
  inside().pushCommand({ [name]: refused[name] });
  await wf.sleep(10);
}

export async function repeatsForAges(): Promise<unknown> {
  const retry = { initialInterval: 1e15, maximumAttempts: 2 };
  return await wf.proxyActivities<typeof own>({ startToCloseTimeout: '5s', retry }).step?.();
}

export async function takesAnIdTwice(): Promise<unknown> {
  const same = wf.proxyActivities<typeof own>({ startToCloseTimeout: '5s', activityId: 'same' });
  return await Promise.all([same.step?.(), same.step?.()]);
}

export async function endsAStranger(workflowId: string): Promise<unknown> {
  return await wf.executeChild('neighbour', { workflowId, workflowIdReusePolicy: 'TERMINATE_IF_RUNNING' });
}

export async function breaksItsAnswers(): Promise<void> {
  Object.assign(Object.prototype, { toJSON: () => 'nothing' });
  await wf.sleep(10);
}

export async function returnsTooMuch(): Promise<string> {
  return 'x'.repeat(5_000_000);
}

export async function sendsHalfACharacter(): Promise<unknown> {
  return await own['gr\ud800eet']?.('\ud800');
}

export async function looksAround(): Promise<readonly string[]> {
  const names = ['process', 'require', 'WebAssembly', 'fetch', 'performance', 'Atomics', 'SharedArrayBuffer', '$guest'];
  const seen = names.filter((name) => name in globalThis);
  const made = new Function('return typeof process + typeof require + typeof importScripts')() as string;
  return [...seen, made, String(new Date(0).getTimezoneOffset())];
}

export async function spinsInAQuery(): Promise<string> {
  let isTold = false;
  wf.setHandler(wf.defineQuery('spin'), forever);
  wf.setHandler(wf.defineQuery('sleep'), () => void wf.sleep(1));
  wf.setHandler(wf.defineQuery('reject'), () => void Promise.reject(new Error('nobody listens')));
  wf.setHandler(wf.defineQuery('told'), () => isTold);
  wf.setHandler(wf.defineSignal('go'), () => {
    isTold = true;
  });
  await wf.condition(() => isTold);
  return 'done';
}

export async function carriesMuch(): Promise<number> {
  for (let turn = 0; turn < 60; turn++) await own.step?.('x'.repeat(50_000));
  return 60;
}

export async function neighbour(): Promise<number> {
  for (let turn = 0; turn < 10; turn++) await near.step?.(turn);
  return 10;
}

function inWords(): never {
  throw new RangeError('in its own words');
}

export async function throwsLater(): Promise<void> {
  await wf.sleep(1);
  inWords();
}

export async function leavesARejection(): Promise<void> {
  void Promise.reject(new Error('nobody listens'));
  await wf.sleep(60_000);
}
