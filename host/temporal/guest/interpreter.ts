/**
 * The guest interpreter: one run of a project's workflow. It pins the plan by its first step, then hands every activation to the SDK inside
 * QuickJS and every command of it, judged, to Temporal. Deterministic: it holds nothing outside the run.
 */
import {
  ApplicationFailure,
  defaultPayloadConverter,
  type Headers,
  log,
  proxyLocalActivities,
  proxySinks,
  workflowInfo,
} from '@temporalio/workflow';
import {
  ACTIVITY_HEADER,
  type ActivityHeader,
  type GuestPlan,
  isReservedType,
  type LoadedGuest,
} from '../../../registry/projects/pin.ts';
import type { RunSinks } from '../workflows/sinks.ts';
import { activator } from './activator.ts';
import { type Command, CommandReader, CommandRefused, HIGHEST, isFinal } from './commands.ts';
import { Engine, EngineEnded, type EngineFault, outOfMemory } from './engine.ts';
import { Trace } from './trace.ts';
import { write } from './wire.ts';

/** Header of Temporal's own tracing interceptors. */
const TRACE_HEADER = '_tracer-data';
/** More than any run may set; what the host sets is below. */
const MAX_COMMAND_BYTES = 2 * 2 ** 20;
const MAX_STACK = 8_000;

/** Steps of the host for a run of a project: local activities, recorded like any other. */
interface HostSteps {
  'cloister:loadPlan'(args: { readonly type: string }): Promise<LoadedGuest>;
  'cloister:checkTarget'(args: { readonly workflowId: string }): Promise<'own' | 'foreign' | 'missing'>;
}

const host = proxyLocalActivities<HostSteps>({
  startToCloseTimeout: '60s',
  retry: { maximumAttempts: 5, initialInterval: '500ms', maximumInterval: '5s' },
});
const { run: watch } = proxySinks<RunSinks>();

/** An activation job: one field that is not empty names it. */
type Job = Readonly<Record<string, unknown>> & { readonly variant?: string };
interface Query {
  readonly queryId: string;
}
interface Activation {
  readonly jobs: Job[];
}
type Activate = (input: { activation: never; batchIndex: number }) => void;

/** What comes out of the guest, as far as it has been looked at. */
interface Outcome {
  readonly commands?: unknown;
  readonly flags?: unknown;
  readonly lines?: unknown;
  readonly fault?: { readonly name?: unknown; readonly message?: unknown; readonly stack?: unknown };
}

/** Jobs that belong to the guest and may come before its plan is there. */
const EARLY: ReadonlySet<string> = new Set(['signalWorkflow', 'doUpdate', 'cancelWorkflow']);
/** Jobs of the guest's alone. */
const GUESTS: ReadonlySet<string> = new Set([
  ...EARLY,
  'fireTimer',
  'resolveActivity',
  'resolveChildWorkflowExecutionStart',
  'resolveChildWorkflowExecution',
  'resolveSignalExternalWorkflow',
  'resolveRequestCancelExternalWorkflow',
]);

/** One run. */
export class Interpreter {
  #engine: Engine | null = null;
  #reader: CommandReader | null = null;
  #plan: GuestPlan | null = null;
  #trace: Trace | null = null;
  /** Jobs that came before the plan. */
  #early: Job[] = [];
  #initialize: unknown = null;
  /** Commands that wait for the end of the activation. */
  #out: Command[] = [];
  #isOver = false;
  #seed = '';
  #headers: Headers = {};

  /** The run as Temporal's SDK sees it: it ends by the commands of the guest, never by itself, unless there is no guest. */
  async execute(headers: Headers): Promise<unknown> {
    this.#headers = headers;
    const state = activator();
    // What the host's own steps are numbered by must not meet the numbers of the guest.
    state.nextSeqs.activity = HIGHEST;
    state.nextSeqs.timer = HIGHEST;
    const { workflowType } = workflowInfo();
    watch.started('guest');
    try {
      if (isReservedType(workflowType)) {
        throw refusal('RESERVED_NAME', `found workflow type "${workflowType}", expected a name that is not reserved`);
      }
      await this.#open(workflowType);
    } catch (error) {
      this.#isOver = true;
      const failed = error instanceof EngineEnded ? this.#failureOf(error.fault) : error;
      watch.closed(failed instanceof ApplicationFailure ? (failed.type ?? '') : '', this.#traceData());
      throw failed;
    }
    return new Promise(() => undefined);
  }

  /** One batch of jobs. */
  activate(input: { activation: unknown; batchIndex?: number }, next: Activate): void {
    const activation = input.activation as Activation;
    const mine: Job[] = [];
    const theirs: Job[] = [];
    for (const job of activation.jobs) {
      if (job.initializeWorkflow) this.#initialize = job.initializeWorkflow;
      (this.#isGuests(job) ? theirs : mine).push(job);
    }
    const queries = mine.filter(({ queryWorkflow }) => queryWorkflow);
    for (const { queryWorkflow } of queries) this.#refuseQuery(queryWorkflow as Query);
    const rest = mine.filter(({ queryWorkflow }) => !queryWorkflow);
    next({ activation: withJobs(activation, rest) as never, batchIndex: input.batchIndex ?? 0 });
    if (theirs.length === 0) return;
    // Temporal drops this copy of the run, and makes another from its history.
    if (this.#engine && !this.#engine.isWhole)
      throw refusal('WORKFLOW_CODE_ERROR', 'a query broke this copy of the run');
    if (this.#engine) this.#deliver(theirs);
    else if (!this.#isOver) this.#early.push(...theirs);
  }

  /** The commands of the activation: the host's own steps, then those of the guest. */
  conclude(commands: readonly unknown[]): never[] {
    return [...commands, ...this.#out.splice(0)] as never[];
  }

  dispose(): void {
    this.#engine?.dispose();
    this.#engine = null;
  }

  #isGuests(job: Job): boolean {
    if (job.queryWorkflow) return this.#engine?.isWhole ?? false;
    if (job.resolveActivity) return ((job.resolveActivity as { seq?: number }).seq ?? 0) < HIGHEST;
    if (job.fireTimer) return ((job.fireTimer as { seq?: number }).seq ?? 0) < HIGHEST;
    return [...GUESTS].some((name) => job[name]);
  }

  #refuseQuery(query: Query): void {
    const message = this.#isOver
      ? 'found a run whose code cannot be queried, expected one that has not failed'
      : 'found a run whose plan is not loaded yet, expected a started run';
    this.#refuse(query, { code: 'WORKFLOW_NOT_READY', message });
  }

  #refuse({ queryId }: Query, { code, message }: { readonly code: string; readonly message: string }): void {
    activator().failQuery(queryId, refusal(code, message));
  }

  async #open(type: string): Promise<void> {
    const loaded = await host['cloister:loadPlan']({ type });
    if (!loaded.ok) throw refusal(loaded.code, loaded.message);
    const { plan } = loaded;
    const { taskQueue, namespace } = workflowInfo();
    this.#plan = plan;
    this.#trace = new Trace(plan.map);
    this.#reader = new CommandReader({ queue: taskQueue, namespace, maxBytes: MAX_COMMAND_BYTES });
    const engine = await Engine.open(plan.limits);
    this.#out.push(memoOf(plan));
    const state = activator();
    this.#seed = String(state.randomnessSeed);
    engine.load(
      plan.code,
      write({
        info: infoOf(),
        seed: state.randomnessSeed,
        now: state.now,
        initialize: this.#initialize,
        entry: plan.entry,
        queue: taskQueue,
      }),
      isReplaying(),
    );
    this.#engine = engine;
    // As under the plain SDK: what came with the start is handled before the run's function is called.
    this.#deliver([{ initializeWorkflow: this.#initialize }, ...this.#early.splice(0)]);
  }

  #deliver(jobs: readonly Job[]): void {
    const engine = this.#engine;
    if (!engine) return;
    const state = activator();
    const seed = String(state.randomnessSeed);
    const text = write({
      now: state.now,
      info: changingInfo(),
      flags: [...state.knownFlags],
      patches: [...state.knownPresentPatches],
      seed: seed === this.#seed ? null : state.randomnessSeed,
      jobs: jobs.map(plainJob),
    });
    this.#seed = seed;
    let commands: readonly Command[];
    try {
      engine.deliver(text, jobs.length, isReplaying());
      commands = this.#collect(engine);
    } catch (error) {
      const fault = error instanceof EngineEnded ? error.fault : error;
      if (fault instanceof Error && !(fault instanceof CommandRefused)) throw fault;
      const queries = jobs.flatMap(({ queryWorkflow }) => (queryWorkflow ? [queryWorkflow as Query] : []));
      if (queries.length === jobs.length) {
        for (const query of queries) this.#refuse(query, fault as EngineFault);
        return;
      }
      this.#fail(fault as EngineFault | CommandRefused);
      return;
    }
    this.#send(commands);
  }

  #collect(engine: Engine): readonly Command[] {
    const outcome = parsed(engine.collect());
    this.#say(outcome.lines);
    if (Array.isArray(outcome.flags)) activator().addKnownFlags(outcome.flags.filter((flag) => Number.isInteger(flag)));
    if (outcome.fault) throw new EngineEnded(this.#faultOf(outcome.fault));
    return this.#reader?.read(outcome.commands) ?? [];
  }

  #faultOf({ name, message, stack }: NonNullable<Outcome['fault']>): EngineFault {
    const words = `${String(name)}: ${String(message)}`;
    if (/out of memory/.test(words) && this.#plan) return outOfMemory(this.#plan.limits.memoryMb);
    return { code: 'WORKFLOW_CODE_ERROR', message: words, stack: String(stack ?? '') };
  }

  #send(commands: readonly Command[]): void {
    for (const command of commands) {
      // Closed runs are still queried.
      if (this.#isOver && !command.respondToQuery) continue;
      const target = command.signalExternalWorkflowExecution ?? command.requestCancelExternalWorkflowExecution;
      if (target?.workflowExecution) void this.#sendChecked(command, target);
      else this.#push(command);
    }
  }

  #push(command: Command): void {
    const { scheduleActivity, scheduleLocalActivity, failWorkflowExecution } = command;
    const activity = scheduleActivity ?? scheduleLocalActivity;
    if (activity) activity.headers = this.#headersOf(String(activity.activityType));
    if (command.startChildWorkflowExecution) command.startChildWorkflowExecution.headers = this.#traceHeader();
    if (failWorkflowExecution) this.#readable(failWorkflowExecution.failure);
    this.#out.push(command);
    if (!isFinal(command)) return;
    this.#isOver = true;
    watch.closed(codeOf(command), this.#traceData());
  }

  /** A run of another project, which workflow ids alone do not tell, is out of reach. */
  async #sendChecked(command: Command, target: Record<string, unknown>): Promise<void> {
    const { workflowId } = target.workflowExecution as { readonly workflowId?: string };
    const found = await host['cloister:checkTarget']({ workflowId: workflowId ?? '' });
    if (found === 'own') return this.#push(command);
    const isSignal = command.signalExternalWorkflowExecution !== undefined;
    const failure =
      found === 'missing'
        ? {
            message: `Unable to ${isSignal ? 'signal external workflow because it was' : 'cancel external workflow because'} not found`,
            type: 'ExternalWorkflowExecutionNotFound',
          }
        : {
            message: `found workflow "${workflowId}" of another queue, expected one of this project's`,
            type: 'FOREIGN_TARGET',
          };
    const job = {
      seq: target.seq,
      failure: {
        message: failure.message,
        source: 'cloister',
        applicationFailureInfo: { type: failure.type, nonRetryable: true },
      },
    };
    this.#deliver([isSignal ? { resolveSignalExternalWorkflow: job } : { resolveRequestCancelExternalWorkflow: job }]);
  }

  #headersOf(type: string): Headers {
    const plan = this.#plan as GuestPlan;
    const pin = Object.hasOwn(plan.activities, type) ? (plan.activities[type] ?? null) : null;
    const refused = Object.hasOwn(plan.refused, type) ? plan.refused[type] : undefined;
    const header: ActivityHeader = {
      pin,
      workflow: plan.workflow,
      ...(pin === null && (refused ? { refused } : { known: Object.keys(plan.activities) })),
    };
    return { ...this.#traceHeader(), [ACTIVITY_HEADER]: defaultPayloadConverter.toPayload(header) };
  }

  #traceHeader(): Headers {
    const trace = this.#headers[TRACE_HEADER];
    return trace ? { [TRACE_HEADER]: trace } : {};
  }

  #traceData(): Uint8Array | null {
    return this.#headers[TRACE_HEADER]?.data ?? null;
  }

  #fail(fault: EngineFault | CommandRefused): void {
    // An engine that was stopped in the middle of something answers nobody any more.
    this.dispose();
    if (this.#isOver) return;
    const error = fault instanceof CommandRefused ? refusal(fault.code, fault.message) : this.#failureOf(fault);
    this.#isOver = true;
    this.#out.push({ failWorkflowExecution: { failure: activator().errorToFailure(error) } });
    watch.closed(error.type ?? '', this.#traceData());
  }

  #failureOf(fault: EngineFault): ApplicationFailure {
    const failure = refusal(fault.code, fault.message.slice(0, MAX_STACK));
    const stack = 'stack' in fault && fault.stack ? (this.#trace?.stack(fault.stack) ?? '') : '';
    failure.stack = `${fault.code}: ${failure.message}${stack && `\n${stack}`}`;
    return failure;
  }

  /** Stacks of the guest's own failures, in its own files. */
  #readable(failure: unknown): void {
    for (let each = failure as Record<string, unknown> | undefined; each; each = each.cause as typeof each) {
      if (typeof each.stackTrace === 'string' && each.stackTrace.includes('guest.js')) {
        each.stackTrace = this.#trace?.stack(each.stackTrace) ?? '';
      }
    }
  }

  #say(lines: unknown): void {
    if (!Array.isArray(lines)) return;
    for (const line of lines as { level?: unknown; message?: unknown; attributes?: unknown }[]) {
      const level = line?.level;
      if (level !== 'trace' && level !== 'debug' && level !== 'info' && level !== 'warn' && level !== 'error') continue;
      const { attributes } = line;
      const own = typeof attributes === 'object' && attributes !== null && !Array.isArray(attributes) ? attributes : {};
      log[level](String(line.message).toWellFormed(), { guest: true, ...own });
    }
  }
}

function refusal(type: string, message: string): ApplicationFailure {
  const failure = ApplicationFailure.create({ type, message, nonRetryable: true });
  failure.stack = `${type}: ${message}`;
  return failure;
}

/** What of the run changes with every activation. */
function changingInfo(): unknown {
  const { info } = activator();
  return {
    historyLength: info.historyLength,
    historySize: info.historySize,
    continueAsNewSuggested: info.continueAsNewSuggested,
    suggestedContinueAsNewReasons: info.suggestedContinueAsNewReasons,
    targetWorkerDeploymentVersionChanged: info.targetWorkerDeploymentVersionChanged,
    currentBuildId: info.currentBuildId,
    currentDeploymentVersion: info.currentDeploymentVersion,
    unsafe: unsafeOf(),
  };
}

/** The run as the SDK inside is told of it; what it reads from the start itself is left out. */
function infoOf(): unknown {
  const { memo, searchAttributes, typedSearchAttributes, lastResult, lastFailure, unsafe, ...info } = activator().info;
  return { ...info, unsafe: unsafeOf() };
}

function isReplaying(): boolean {
  return activator().info.unsafe.isReplaying;
}

function unsafeOf(): unknown {
  const { isReplayingHistoryEvents } = activator().info.unsafe;
  return { isReplaying: isReplaying(), isReplayingHistoryEvents };
}

/** Jobs come as messages whose fields stand on their prototype where they are empty. */
function plainJob(job: Job): unknown {
  const name = job.variant ?? Object.keys(job).find((key) => job[key]);
  return name === undefined ? {} : { [name]: job[name] };
}

function withJobs(activation: Activation, jobs: Job[]): Activation {
  return Object.assign(Object.create(Object.getPrototypeOf(activation) as object) as Activation, activation, { jobs });
}

function memoOf({ digest }: GuestPlan): Command {
  return {
    modifyWorkflowProperties: { upsertedMemo: { fields: { codeDigest: defaultPayloadConverter.toPayload(digest) } } },
  };
}

function codeOf(command: Command): string | null {
  if (command.completeWorkflowExecution || command.continueAsNewWorkflowExecution) return null;
  if (command.cancelWorkflowExecution) return 'CANCELLED';
  const { failure } = (command.failWorkflowExecution ?? {}) as {
    failure?: { applicationFailureInfo?: { type?: string } };
  };
  return failure?.applicationFailureInfo?.type ?? '';
}

function parsed(text: string): Outcome {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Outcome;
  } catch {
    // The guest broke what writes its answers.
  }
  return { fault: { name: 'Error', message: 'the code broke its own answers', stack: '' } };
}
