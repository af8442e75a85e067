/** A workflow that a case has started, on one side: what a client does with it, and what came of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, type WorkflowHandle, WorkflowUpdateStage } from '@temporalio/client';
import proto from '@temporalio/proto';
import { describeError, type Fault } from './fault.ts';
import { type Command, childrenOf, commandsOf, eventName, plain } from './history.ts';
import type { Naming } from './naming.ts';

const { PendingActivityState } = proto.temporal.api.enums.v1;
/** The client's types tell updates with and without arguments apart; here they come from a table. */
type Arguments = [unknown, ...unknown[]];

const POLL_MS = 60;
const LIMIT_MS = 30_000;

const CANCEL_REQUESTED = 'WORKFLOW_EXECUTION_CANCEL_REQUESTED';
const ENDS = new Set(
  'COMPLETED FAILED CANCELED TERMINATED TIMED_OUT CONTINUED_AS_NEW'
    .split(' ')
    .map((end) => `WORKFLOW_EXECUTION_${end}`),
);

/** The run that goes on where another ended, continued or tried again. */
function nextOf(last: proto.temporal.api.history.v1.IHistoryEvent | undefined): string | undefined {
  const continued = last?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId;
  return continued || last?.workflowExecutionFailedEventAttributes?.newExecutionRunId || undefined;
}

/** A run that does not do what its case waits for. */
class OverdueError extends Error {}

/** What was asked, and what was answered. */
export interface Answer {
  readonly asked: string;
  readonly value?: unknown;
  readonly fault?: Fault;
}

/** What one run of a chain decided, and how it ended. Children follow the run that started them. */
export interface Told {
  readonly type: string;
  readonly commands: readonly Command[];
  readonly started: unknown;
}

/** What a run needs of its side. */
export interface RunOptions {
  readonly client: Client;
  readonly naming: Naming;
  readonly handle: WorkflowHandle;
  /** Where answers go, in the order in which they were awaited. */
  readonly answers: Answer[];
}

/** One started workflow. Every answer, failures included, is noted for the comparison. */
export class Run {
  readonly id: string;
  readonly #options: RunOptions;

  constructor(options: RunOptions) {
    this.id = options.handle.workflowId;
    this.#options = options;
  }

  async signal(name: string, ...args: readonly unknown[]): Promise<void> {
    await this.#options.handle.signal(name, ...args);
  }

  query(name: string, ...args: readonly unknown[]): Promise<unknown> {
    return this.#note(`query ${name}`, () => this.#whenReady(() => this.#options.handle.query(name, ...args)));
  }

  update(name: string, ...args: unknown[]): Promise<unknown> {
    return this.#note(`update ${name}`, () =>
      this.#options.handle.executeUpdate<unknown, Arguments>(name, { args: args as Arguments }),
    );
  }

  /** Sends an update and returns when it was accepted; the result is noted by what this resolves to. */
  async startUpdate(name: string, ...args: unknown[]): Promise<() => Promise<unknown>> {
    const update = await this.#options.handle.startUpdate<unknown, Arguments>(name, {
      args: args as Arguments,
      waitForStage: WorkflowUpdateStage.ACCEPTED,
    });
    return () => this.#note(`update ${name}`, () => update.result());
  }

  async cancel(): Promise<void> {
    await this.#options.handle.cancel();
  }

  async terminate(): Promise<void> {
    await this.#options.handle.terminate('seen enough');
  }

  /** Its result or failure, once it has one. */
  outcome(): Promise<unknown> {
    return this.#note('result', () => this.#options.handle.result());
  }

  /** Resolves when its history has `count` events of that name. */
  until(event: string, count = 1): Promise<void> {
    return this.#until(`${count} ${event}`, async () => {
      const { events } = await this.#options.handle.fetchHistory();
      return (events ?? []).filter((one) => eventName(one) === event).length >= count;
    });
  }

  /** Resolves when a worker has taken up `count` of its activities, at the latest attempt `attempt`. */
  untilRunning(count = 1, attempt = 1): Promise<void> {
    return this.#until(`${count} running activities`, async () => {
      const { raw } = await this.#options.handle.describe();
      const running = (raw.pendingActivities ?? []).filter(
        (one) =>
          one.state === PendingActivityState.PENDING_ACTIVITY_STATE_STARTED && Number(one.attempt ?? 1) >= attempt,
      );
      return running.length >= count;
    });
  }

  /** Lets an activity that waits for its next attempt have it now, again and again until it is done. */
  async hurry(activityId: string): Promise<void> {
    const { client, handle } = this.#options;
    for (;;) {
      const [activity] = (await handle.describe()).raw.pendingActivities ?? [];
      if (!activity) return;
      const waits = activity.state === PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED && activity.lastFailure;
      if (waits) {
        const execution = { workflowId: this.id };
        await client.workflowService.resetActivity({ namespace: client.options.namespace, execution, id: activityId });
      }
      await sleep(POLL_MS * 3);
    }
  }

  /** Its history, and those of the runs that continued it. */
  async histories(): Promise<readonly proto.temporal.api.history.v1.IHistory[]> {
    const chain = [];
    let runId: string | undefined = (await this.#first()).runId;
    while (runId) {
      const history: proto.temporal.api.history.v1.IHistory = await this.#history(this.id, runId);
      chain.push(history);
      runId = nextOf(history.events?.at(-1));
    }
    return chain;
  }

  /** What it decided: every run of its chain, each followed by its children. */
  async told(): Promise<readonly Told[]> {
    const told: Told[] = [];
    for (const { events } of await this.histories()) await this.#tell(events ?? [], told);
    return told;
  }

  async #tell(events: readonly proto.temporal.api.history.v1.IHistoryEvent[], told: Told[]): Promise<void> {
    const { naming } = this.#options;
    const start = events[0]?.workflowExecutionStartedEventAttributes;
    const { input, memo, searchAttributes, retryPolicy, workflowRunTimeout } = start ?? {};
    told.push({
      type: start?.workflowType?.name ?? '',
      started: naming.neutral(plain({ input, memo, searchAttributes, retryPolicy, workflowRunTimeout })),
      commands: commandsOf(events, naming),
    });
    for (const child of childrenOf(events)) await this.#tell(await this.#ended(child), told);
  }

  /** Events of a child. One that is asked to end may still be at it when its parent has ended. */
  async #ended({ workflowId, runId }: { workflowId: string; runId: string }) {
    const limit = performance.now() + LIMIT_MS;
    for (;;) {
      const { events } = await this.#history(workflowId, runId);
      const names = (events ?? []).map(eventName);
      const isEnding = names.includes(CANCEL_REQUESTED) && !names.some((name) => ENDS.has(name));
      if (!isEnding || performance.now() > limit) return events ?? [];
      await sleep(POLL_MS);
    }
  }

  async #first(): Promise<{ runId?: string }> {
    const { events } = await this.#options.handle.fetchHistory();
    const runId = events?.[0]?.workflowExecutionStartedEventAttributes?.firstExecutionRunId;
    return runId ? { runId } : {};
  }

  async #history(workflowId: string, runId: string): Promise<proto.temporal.api.history.v1.IHistory> {
    return this.#options.client.workflow.getHandle(workflowId, runId).fetchHistory();
  }

  async #note(asked: string, ask: () => Promise<unknown>): Promise<unknown> {
    const { answers, naming } = this.#options;
    try {
      const value = await this.#within(asked, ask());
      answers.push({ asked, ...(value === undefined ? {} : { value: naming.neutral(value) }) });
      return value;
    } catch (error) {
      if (error instanceof OverdueError) throw error;
      answers.push({ asked, fault: naming.neutral(describeError(error)) });
      return undefined;
    }
  }

  /** Asks again while a guest's plan is not loaded: the one answer that a plain worker never gives. */
  async #whenReady(ask: () => Promise<unknown>): Promise<unknown> {
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        if (!(error instanceof Error && error.message.includes('plan is not loaded yet'))) throw error;
        await sleep(POLL_MS);
      }
    }
  }

  async #within<T>(what: string, work: Promise<T>): Promise<T> {
    const over = new AbortController();
    const overdue = sleep(LIMIT_MS, undefined, { signal: over.signal, ref: false }).then(() => {
      throw new OverdueError(`${this.id}: not within ${LIMIT_MS} ms: ${what}`);
    });
    try {
      return await Promise.race([work, overdue]);
    } finally {
      overdue.catch(() => undefined);
      over.abort();
    }
  }

  async #until(what: string, condition: () => Promise<boolean>): Promise<void> {
    const limit = performance.now() + LIMIT_MS;
    while (!(await condition())) {
      if (performance.now() > limit) throw new OverdueError(`${this.id}: not within ${LIMIT_MS} ms: ${what}`);
      await sleep(POLL_MS);
    }
  }
}
