import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  ApplicationFailure,
  CancellationScope,
  ChildWorkflowCancellationType,
  ChildWorkflowFailure,
  condition,
  defineQuery,
  defineSignal,
  executeChild,
  getExternalWorkflowHandle,
  ParentClosePolicy,
  setHandler,
  sleep,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';

const say = defineSignal<[string]>('say');
const heard = defineQuery<string[]>('heard');

function told(error: unknown): unknown {
  const { name, message, cause } = error as Error;
  const type = error instanceof ApplicationFailure ? { type: error.type, details: error.details ?? [] } : {};
  const child = error instanceof ChildWorkflowFailure ? { workflowType: error.workflowType } : {};
  return { name, message, ...type, ...child, ...(cause instanceof Error ? { cause: told(cause) } : {}) };
}

const own = (suffix: string) => `${workflowInfo().workflowId}-${suffix}`;

/** Listens until it is told to stop. */
export async function listener(limit = 10): Promise<string[]> {
  const words: string[] = [];
  setHandler(say, (word) => void words.push(word));
  setHandler(heard, () => words);
  await condition(() => words.includes('stop') || words.length >= limit);
  return words;
}

export async function child(name: string): Promise<unknown> {
  const { parent, root, workflowType, memo } = workflowInfo();
  return { name, parent: parent?.workflowId, root: root?.workflowId, workflowType, memo: memo ?? {} };
}

export async function failingChild(): Promise<never> {
  throw ApplicationFailure.create({ message: 'the child will not', type: 'Stubborn', details: [1, 'two'] });
}

export async function executesByNameAndFunction(): Promise<unknown> {
  const byName = await executeChild<typeof child>('child', { args: ['by name'], workflowId: own('name') });
  const byFunction = await executeChild(child, {
    args: ['by function'],
    workflowId: own('function'),
    memo: { note: 'for the child' },
    workflowExecutionTimeout: '1 minute',
    workflowRunTimeout: '40s',
    workflowTaskTimeout: '9s',
    retry: { maximumAttempts: 2 },
    staticSummary: 'a child',
  });
  return [byName, byFunction];
}

export async function signalsChild(): Promise<unknown> {
  const handle = await startChild(listener, { workflowId: own('listener') });
  await handle.signal(say, 'first');
  await handle.signal('say', 'second');
  await handle.signal(say, 'stop');
  return { id: handle.workflowId, run: typeof handle.firstExecutionRunId, words: await handle.result() };
}

export async function childFails(): Promise<unknown> {
  return executeChild(failingChild, { workflowId: own('failing') }).catch(told);
}

export async function childFailureGoesUp(): Promise<unknown> {
  return executeChild(failingChild, { workflowId: own('failing') });
}

export async function cancelsChild(): Promise<unknown> {
  const scope = new CancellationScope();
  const run = scope.run(async () => (await startChild(listener, { workflowId: own('listener') })).result());
  const outcome = run.catch(told);
  await sleep(300);
  scope.cancel();
  return outcome;
}

export async function leavesChild(): Promise<string> {
  const scope = new CancellationScope();
  const started = scope.run(() =>
    startChild(listener, {
      args: [1],
      workflowId: own('left'),
      parentClosePolicy: ParentClosePolicy.ABANDON,
      cancellationType: ChildWorkflowCancellationType.ABANDON,
    }),
  );
  return (await started).workflowId;
}

export async function clashes(): Promise<unknown> {
  const first = await startChild(listener, { workflowId: own('same') });
  const second = await startChild(listener, { workflowId: own('same') }).catch((error: unknown) =>
    error instanceof WorkflowExecutionAlreadyStartedError
      ? { name: error.name, message: error.message, id: error.workflowId, type: error.workflowType }
      : told(error),
  );
  await first.signal(say, 'stop');
  return [await first.result(), second];
}

export async function childOutOfTime(): Promise<unknown> {
  return executeChild(listener, { workflowId: own('late'), workflowRunTimeout: '400ms' }).catch(told);
}

export async function signalsOther(): Promise<unknown> {
  const other = await startChild(listener, { workflowId: own('other') });
  const external = getExternalWorkflowHandle(own('other'));
  await external.signal(say, 'from outside');
  await external.signal(say, 'stop');
  return { id: external.workflowId, words: await other.result() };
}

export async function cancelsOther(): Promise<unknown> {
  const other = await startChild(listener, { workflowId: own('other') });
  await getExternalWorkflowHandle(own('other')).cancel();
  return other.result().catch(told);
}

export async function nobodyThere(): Promise<unknown> {
  const missing = getExternalWorkflowHandle(own('nobody'));
  const signalled = await missing.signal(say, 'hello').catch(told);
  const cancelled = await missing.cancel().catch(told);
  return [signalled, cancelled];
}
