/**
 * The guest interpreter: one run of a project's workflow. It pins the plan by its first step, then hands every activation to the SDK inside
 * QuickJS and every command of it, judged, to Temporal. Deterministic: it holds nothing outside the run.
 */
import {
  ApplicationFailure,
  defaultPayloadConverter,
  type Headers,
  log,
  type Payload,
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
import { attributeFault } from './attributes.ts';
import { attributesOf, type Command, CommandReader, CommandRefused, HIGHEST, isFinal } from './commands.ts';
import { Engine, EngineEnded, type EngineFault, GUEST_FILE, outOfMemory } from './engine.ts';
import { TaskLoad } from './load.ts';
import { Trace } from './trace.ts';
import { write } from './wire.ts';

/** Header of Temporal's own tracing interceptors. */
const TRACE_HEADER = '_tracer-data';
/** More than any run may set; what the host sets is below. */
const MAX_COMMAND_BYTES = 2 * 2 ** 20;
const MAX_STACK = 8_000;
/** Of log lines at once, and of what one of them says. The guest is told so inside, and may not have listened. */
const MAX_LINES = 200;
const MAX_LINE = 8_000;

/** Steps of the host for a run of a project: local activities, recorded like any other. */
interface HostSteps {
  'cloister:loadPlan'(args: { readonly type: string }): Promise<LoadedGuest>;
  /** `foreign` stands in older histories alone: now it is missing too. */
  'cloister:checkTarget'(args: { readonly workflowId: string }): Promise<'own' | 'foreign' | 'missing'>;
  /** Types of those names that the namespace has; null where it does not tell. */
  'cloister:attributes'(args: { readonly names: readonly string[] }): Promise<Readonly<Record<string, string>> | null>;
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

/** Jobs of the guest's alone; timers and activities are the host's too, and told by their numbers. */
const GUESTS = [
  'signalWorkflow',
  'doUpdate',
  'cancelWorkflow',
  'resolveChildWorkflowExecutionStart',
  'resolveChildWorkflowExecution',
  'resolveSignalExternalWorkflow',
  'resolveRequestCancelExternalWorkflow',
] as const;

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
  /** Signals whose target is being looked at, by number. */
  readonly #unsent = new Set<unknown>();
  /** Children that Temporal was not seen to start yet: ids by number. */
  readonly #starting = new Map<unknown, unknown>();
  readonly #load = new TaskLoad();
  /** Types of search attributes that were asked for; null: nobody knows. */
  readonly #attributes = new Map<string, string>();
  /** Commands that wait until the types of their search attributes are known. */
  #held: Command[] | null = null;
  /** A query has changed this copy of the run. */
  #isSpoilt = false;
  #seed = '';
  #headers: Headers = {};
  /** Headers of the plan's activities that were called, by name. */
  readonly #pinned = new Map<string, Payload>();

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
    this.#weigh(activation.jobs);
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
    if (this.#engine && !this.#isWhole()) throw refusal('WORKFLOW_CODE_ERROR', BROKEN);
    if (!this.#engine) {
      if (!this.#isOver) this.#early.push(...theirs);
      return;
    }
    const told = theirs.filter(({ queryWorkflow }) => !queryWorkflow);
    const asked = theirs.filter(({ queryWorkflow }) => queryWorkflow);
    if (told.length > 0) this.#deliver(told);
    if (asked.length > 0) this.#ask(asked);
  }

  /** Notes what goes out with the task beside the commands: the results of local activities. */
  #weigh(jobs: readonly Job[]): void {
    const { now, info } = activator();
    const told = jobs.filter(({ queryWorkflow }) => !queryWorkflow);
    if (told.length === 0) return;
    const results = told.map(({ resolveActivity }) => localResult(resolveActivity));
    if (results.includes(null)) this.#load.begin(now);
    else this.#load.went(now, info.taskTimeoutMs);
    for (const bytes of results) this.#load.add(bytes ?? 0);
  }

  /** The commands of the activation: the host's own steps, then those of the guest. */
  conclude(commands: readonly unknown[]): never[] {
    return [...commands, ...this.#out.splice(0)] as never[];
  }

  dispose(): void {
    this.#engine?.dispose();
    this.#engine = null;
  }

  #isWhole(): boolean {
    return !this.#isSpoilt && (this.#engine?.isWhole ?? false);
  }

  #isGuests(job: Job): boolean {
    if (job.queryWorkflow) return this.#engine !== null;
    if (job.resolveActivity) return ((job.resolveActivity as { seq?: number }).seq ?? 0) < HIGHEST;
    if (job.fireTimer) return ((job.fireTimer as { seq?: number }).seq ?? 0) < HIGHEST;
    return GUESTS.some((name) => job[name]);
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
    this.#reader = new CommandReader({ queue: taskQueue, namespace, maxBytes: MAX_COMMAND_BYTES, load: this.#load });
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
        workflow: plan.workflow.name,
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
    if (!this.#isOfNow) this.#load.begin(activator().now);
    let commands: readonly Command[];
    try {
      commands = this.#read(this.#enter(engine, jobs));
      if (commands.some(({ respondToQuery }) => respondToQuery)) {
        throw new CommandRefused('WORKFLOW_CODE_ERROR', 'found an answer that no query has asked for');
      }
    } catch (error) {
      this.#fail(faultOf(error));
      return;
    }
    this.#send(commands);
  }

  /** Queries: each gets one answer, and nothing else may come of them. */
  #ask(jobs: readonly Job[]): void {
    const engine = this.#engine;
    const open = new Map(jobs.map(({ queryWorkflow }) => [(queryWorkflow as Query).queryId, queryWorkflow as Query]));
    const refuse = (fault: { readonly code: string; readonly message: string }): void => {
      for (const query of open.values()) this.#refuse(query, fault);
    };
    // A batch before may have ended the run.
    if (!engine) {
      refuse(SILENT);
      return;
    }
    try {
      const found = this.#enter(engine, jobs);
      this.#isSpoilt = !isAnswers(found);
      const commands = this.#isSpoilt ? [] : this.#read(found);
      const answers = commands.filter(({ respondToQuery }) => open.delete(String(respondToQuery?.queryId)));
      this.#out.push(...answers);
      refuse(this.#isSpoilt ? SPOILT : SILENT);
    } catch (error) {
      // What the query left behind would end the run, and nobody could tell from its history why.
      this.#isSpoilt ||= error instanceof EngineEnded && error.fault.code !== 'GUEST_STEPS_EXCEEDED';
      refuse(faultOf(error));
    }
  }

  /** Hands jobs in, and takes out what comes of them. */
  #enter(engine: Engine, jobs: readonly Job[]): unknown {
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
    for (const job of jobs) {
      this.#reader?.told(job);
      const { resolveChildWorkflowExecutionStart: started } = job as { [name: string]: { seq?: unknown } | undefined };
      if (started) this.#starting.delete(started.seq);
    }
    engine.deliver(text, jobs.length, isReplaying());
    return this.#collect(engine);
  }

  #collect(engine: Engine): unknown {
    const outcome = parsed(engine.collect());
    this.#say(outcome.lines);
    this.#use(outcome.flags);
    if (outcome.fault) throw new EngineEnded(this.#faultOf(outcome.fault));
    return outcome.commands;
  }

  #read(commands: unknown): readonly Command[] {
    return this.#reader?.read(commands) ?? [];
  }

  #use(flags: unknown): void {
    if (!Array.isArray(flags)) return;
    try {
      activator().addKnownFlags(flags.filter((flag) => Number.isInteger(flag)));
    } catch {
      throw new CommandRefused('WORKFLOW_CODE_ERROR', 'found a flag that the SDK does not have');
    }
  }

  #faultOf({ name, message, stack }: NonNullable<Outcome['fault']>): EngineFault {
    const words = `${textOf(name)}: ${textOf(message)}`;
    if (/out of memory/.test(words) && this.#plan) return outOfMemory(this.#plan.limits.memoryMb);
    return { code: 'WORKFLOW_CODE_ERROR', message: words, stack: textOf(stack) };
  }

  /** Histories of the first plans know neither the question for search attributes nor the sums of tasks. */
  get #isOfNow(): boolean {
    return (this.#plan?.interpreter ?? 0) >= 2;
  }

  #send(commands: readonly Command[]): void {
    if (this.#held) {
      this.#held.push(...commands);
      return;
    }
    const attributes = commands.map(attributesOf);
    const names = new Set(attributes.flatMap((each) => Object.keys(each)));
    const unknown = [...names].filter((name) => !this.#attributes.has(name));
    if (this.#isOfNow && unknown.length > 0) {
      this.#held = [...commands];
      void this.#askFor(unknown);
      return;
    }
    for (const each of this.#isOfNow ? attributes : []) {
      const fault = attributeFault(each, this.#attributes);
      if (fault === null) continue;
      this.#fail(new CommandRefused('WORKFLOW_CODE_ERROR', fault));
      return;
    }
    for (const command of commands) {
      if (this.#isOver) return;
      const target = command.signalExternalWorkflowExecution ?? command.requestCancelExternalWorkflowExecution;
      // Temporal does not know it yet: it is sent as if the cancellation had come too late.
      if (command.cancelSignalWorkflow && this.#unsent.has(command.cancelSignalWorkflow.seq)) continue;
      if (target?.workflowExecution) void this.#sendChecked(command, target);
      else this.#push(command);
    }
  }

  /** Asks what the search attributes of the held commands are, then sends these, and what has come meanwhile. */
  async #askFor(names: readonly string[]): Promise<void> {
    const types = await host['cloister:attributes']({ names }).catch(() => null);
    // Where nobody knows, Temporal judges.
    const typeOf = (name: string): string => (types && Object.hasOwn(types, name) ? (types[name] ?? 'NONE') : 'NONE');
    for (const name of names) this.#attributes.set(name, types === null ? 'UNKNOWN' : typeOf(name));
    const held = this.#held ?? [];
    this.#held = null;
    if (!this.#isOver) this.#send(held);
  }

  #push(command: Command): void {
    const {
      scheduleActivity,
      scheduleLocalActivity,
      startChildWorkflowExecution: child,
      failWorkflowExecution,
    } = command;
    const activity = scheduleActivity ?? scheduleLocalActivity;
    if (activity) activity.headers = this.#headersOf(String(activity.activityType));
    if (child) {
      child.headers = this.#traceHeader();
      this.#starting.set(child.seq, child.workflowId);
    }
    if (failWorkflowExecution) this.#readable(failWorkflowExecution.failure);
    this.#out.push(command);
    if (!isFinal(command)) return;
    this.#isOver = true;
    watch.closed(codeOf(command), this.#traceData());
  }

  /** A run of another project, which workflow ids alone do not tell, is out of reach. */
  async #sendChecked(command: Command, target: Record<string, unknown>): Promise<void> {
    const { workflowId } = target.workflowExecution as { readonly workflowId?: string };
    const isSignal = command.signalExternalWorkflowExecution !== undefined;
    if (isSignal) this.#unsent.add(target.seq);
    const asked = host['cloister:checkTarget']({ workflowId: workflowId ?? '' });
    // A rejection that nobody takes up would fail the task, for ever.
    let found = await asked.catch(() => 'unknown' as const);
    if (isSignal) this.#unsent.delete(target.seq);
    if (this.#isOver) return;
    // Temporal refuses the task that starts a child and cancels its id. What has the id now is not the child.
    if (this.#isOfNow && !isSignal && [...this.#starting.values()].includes(workflowId)) found = 'missing';
    if (found === 'own') return this.#push(command);
    const failure = {
      missing: {
        message: `Unable to ${isSignal ? 'signal external workflow because it was' : 'cancel external workflow because'} not found`,
        type: 'ExternalWorkflowExecutionNotFound',
      },
      foreign: {
        message: `found workflow "${workflowId}" of another queue, expected one of this project's`,
        type: 'FOREIGN_TARGET',
      },
      unknown: { message: `found no answer of Temporal about workflow "${workflowId}"`, type: 'HOST_LOST' },
    }[found];
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
    return { ...this.#traceHeader(), [ACTIVITY_HEADER]: this.#pinned.get(type) ?? this.#headerOf(type) };
  }

  #headerOf(type: string): Payload {
    const plan = this.#plan as GuestPlan;
    const pin = Object.hasOwn(plan.activities, type) ? (plan.activities[type] ?? null) : null;
    const refused = Object.hasOwn(plan.refused, type) ? plan.refused[type] : undefined;
    const header: ActivityHeader = {
      pin,
      workflow: plan.workflow,
      ...(pin === null && (refused ? { refused } : { known: Object.keys(plan.activities) })),
    };
    const payload = defaultPayloadConverter.toPayload(header);
    // Of other names there may be any number.
    if (pin !== null) this.#pinned.set(type, payload);
    return payload;
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
      if (typeof each.stackTrace === 'string' && each.stackTrace.includes(GUEST_FILE)) {
        each.stackTrace = this.#trace?.stack(each.stackTrace) ?? '';
      }
    }
  }

  #say(lines: unknown): void {
    if (!Array.isArray(lines)) return;
    for (const line of lines.slice(0, MAX_LINES) as { level?: unknown; message?: unknown; attributes?: unknown }[]) {
      const level = line?.level;
      if (level !== 'trace' && level !== 'debug' && level !== 'info' && level !== 'warn' && level !== 'error') continue;
      const { attributes } = line;
      const isOwn = typeof attributes === 'object' && attributes !== null && !Array.isArray(attributes);
      const own = isOwn && JSON.stringify(attributes).length <= MAX_LINE ? attributes : {};
      log[level](textOf(line.message).slice(0, MAX_LINE).toWellFormed(), { guest: true, ...own });
    }
  }
}

/** What a guest was stopped for. What is neither its fault nor its engine's fails the task, and is tried again. */
function faultOf(error: unknown): EngineFault | CommandRefused {
  const fault = error instanceof EngineEnded ? error.fault : error;
  if (fault instanceof Error && !(fault instanceof CommandRefused)) throw fault;
  return fault as EngineFault | CommandRefused;
}

/** True for what a query may come to. */
function isAnswers(commands: unknown): boolean {
  const isAnswer = (each: object | null): boolean => each !== null && Object.hasOwn(each, 'respondToQuery');
  return Array.isArray(commands) && commands.every((each) => typeof each === 'object' && isAnswer(each));
}

const SILENT = { code: 'WORKFLOW_CODE_ERROR', message: 'found no answer to the query, expected one' };
const SPOILT = { code: 'WORKFLOW_CODE_ERROR', message: 'found a query that does more than answer, expected an answer' };

const BROKEN = 'found a copy of the run that a query before has broken, expected queries that only read; ask again';

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

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

/** Bytes of a local activity's result, null for any other job. */
function localResult(job: unknown): number | null {
  const { isLocal, result } = (job ?? {}) as {
    readonly isLocal?: boolean | null;
    readonly result?: { readonly completed?: { readonly result?: Payload | null } | null } | null;
  };
  return isLocal ? (result?.completed?.result?.data?.length ?? 0) : null;
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
