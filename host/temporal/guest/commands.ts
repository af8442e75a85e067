/** Commands of a guest: made anew from what they may hold, and judged before Temporal sees them. */
import type Long from 'long';
import { isForeignQueue, isReservedActivity, isReservedLabel } from './rules.ts';
import {
  bytes,
  duration,
  fields,
  flag,
  float,
  label,
  list,
  long,
  map,
  type Shape,
  ShapeError,
  size,
  text,
  uint,
} from './shape.ts';

/** A command that is refused ends the run with this code. */
export class CommandRefused extends Error {
  readonly code: 'FOREIGN_TARGET' | 'RESERVED_NAME' | 'WORKFLOW_CODE_ERROR' | 'PARAMS_TOO_LARGE';

  constructor(code: CommandRefused['code'], message: string) {
    super(message);
    this.name = 'CommandRefused';
    this.code = code;
  }
}

/** One command of the SDK, by its variant. */
export type Command = Record<string, Record<string, unknown>>;

/** What commands are judged by. */
export interface CommandRules {
  readonly queue: string;
  readonly namespace: string;
  readonly maxBytes: number;
}

const MAX_COMMANDS = 10_000;
const MAX_CAUSES = 20;
/** Of all commands at once: below what Temporal takes as one message. */
const MAX_BATCH_BYTES = 3.75 * 2 ** 20;
/** Beside its fields. */
const BYTES_PER_COMMAND = 64;
const REJECT_DUPLICATE = 3;
/** Temporal multiplies it by a hundred, and counts in nanoseconds. */
const MAX_FIRST_RETRY_SECONDS = 365 * 24 * 3600;
const MAX_FAIRNESS_KEY = 64;
const INT32 = 2 ** 31;

const payload = fields({ metadata: map(bytes), data: bytes });
const payloads = fields({ payloads: list(payload) });
/** How a workflow id may be used again; the next one would end whatever run has it, of whichever project. */
const reuse: Shape<number> = (value, where) => {
  const policy = uint(value, where);
  if (policy > REJECT_DUPLICATE) throw new ShapeError(`${where}: expected a policy that ends no other run`);
  return policy;
};
const searchAttributes = fields({ indexedFields: map(payload) });
const retryPolicy = fields({
  initialInterval: duration,
  backoffCoefficient: float,
  maximumInterval: duration,
  maximumAttempts: uint,
  nonRetryableErrorTypes: list(text),
});
const priority = fields({ priorityKey: uint, fairnessKey: text, fairnessWeight: float });
const execution = fields({ workflowId: label, runId: text });
/** As failures tell of it. */
const formerExecution = fields({ workflowId: text, runId: text });
const failureFields = {
  message: text,
  source: text,
  stackTrace: text,
  encodedAttributes: payload,
  applicationFailureInfo: fields({
    type: text,
    nonRetryable: flag,
    details: payloads,
    nextRetryDelay: duration,
    category: uint,
  }),
  timeoutFailureInfo: fields({ timeoutType: uint, lastHeartbeatDetails: payloads }),
  canceledFailureInfo: fields({ details: payloads, identity: text }),
  terminatedFailureInfo: fields({ identity: text }),
  serverFailureInfo: fields({ nonRetryable: flag }),
  activityFailureInfo: fields({
    scheduledEventId: long,
    startedEventId: long,
    identity: text,
    activityType: fields({ name: text }),
    activityId: text,
    retryState: uint,
  }),
  childWorkflowExecutionFailureInfo: fields({
    namespace: text,
    workflowExecution: formerExecution,
    workflowType: fields({ name: text }),
    initiatedEventId: long,
    startedEventId: long,
    retryState: uint,
  }),
};

const failureAt =
  (depth: number): Shape<Record<string, unknown>> =>
  (value, where) => {
    if (depth > MAX_CAUSES) throw new ShapeError(`${where}: expected at most ${MAX_CAUSES} causes`);
    return fields({ ...failureFields, cause: (cause, at) => failureAt(depth + 1)(cause, at) })(value, where);
  };

/** A failure with its causes. */
const failure = failureAt(0);

const activity = {
  seq: uint,
  activityId: label,
  activityType: label,
  arguments: list(payload),
  scheduleToCloseTimeout: duration,
  scheduleToStartTimeout: duration,
  startToCloseTimeout: duration,
  retryPolicy,
  cancellationType: uint,
};
const workflow = {
  taskQueue: text,
  workflowRunTimeout: duration,
  workflowTaskTimeout: duration,
  memo: map(payload),
  searchAttributes,
  retryPolicy,
  versioningIntent: uint,
};

const SHAPES: Readonly<Record<string, Shape<Record<string, unknown>>>> = {
  startTimer: fields({ seq: uint, startToFireTimeout: duration }),
  cancelTimer: fields({ seq: uint }),
  scheduleActivity: fields({
    ...activity,
    taskQueue: text,
    heartbeatTimeout: duration,
    doNotEagerlyExecute: flag,
    versioningIntent: uint,
    priority,
  }),
  requestCancelActivity: fields({ seq: uint }),
  scheduleLocalActivity: fields({
    ...activity,
    attempt: uint,
    originalScheduleTime: duration,
    localRetryThreshold: duration,
  }),
  requestCancelLocalActivity: fields({ seq: uint }),
  startChildWorkflowExecution: fields({
    ...workflow,
    seq: uint,
    workflowId: label,
    workflowType: label,
    input: list(payload),
    workflowExecutionTimeout: duration,
    parentClosePolicy: uint,
    workflowIdReusePolicy: reuse,
    cronSchedule: text,
    cancellationType: uint,
    priority,
  }),
  cancelChildWorkflowExecution: fields({ childWorkflowSeq: uint, reason: text }),
  signalExternalWorkflowExecution: fields({
    seq: uint,
    workflowExecution: execution,
    childWorkflowId: label,
    signalName: label,
    args: list(payload),
  }),
  cancelSignalWorkflow: fields({ seq: uint }),
  requestCancelExternalWorkflowExecution: fields({ seq: uint, workflowExecution: execution, reason: text }),
  setPatchMarker: fields({ patchId: text, deprecated: flag }),
  upsertWorkflowSearchAttributes: fields({ searchAttributes }),
  modifyWorkflowProperties: fields({ upsertedMemo: fields({ fields: map(payload) }) }),
  respondToQuery: fields({ queryId: text, succeeded: fields({ response: payload }), failed: failure }),
  updateResponse: fields({ protocolInstanceId: text, accepted: fields({}), rejected: failure, completed: payload }),
  completeWorkflowExecution: fields({ result: payload }),
  failWorkflowExecution: fields({ failure }),
  cancelWorkflowExecution: fields({}),
  continueAsNewWorkflowExecution: fields({
    ...workflow,
    workflowType: (value, where) => (value === '' ? '' : label(value, where)),
    arguments: list(payload),
    backoffStartInterval: duration,
  }),
};

/** Without these Temporal refuses the whole task, again and again. */
const NEEDED: Readonly<Record<string, readonly string[]>> = {
  scheduleActivity: ['activityId', 'activityType'],
  scheduleLocalActivity: ['activityId', 'activityType'],
  startChildWorkflowExecution: ['workflowId', 'workflowType'],
  signalExternalWorkflowExecution: ['signalName'],
  requestCancelExternalWorkflowExecution: ['workflowExecution'],
  upsertWorkflowSearchAttributes: ['searchAttributes'],
  modifyWorkflowProperties: ['upsertedMemo'],
  failWorkflowExecution: ['failure'],
};

const userMetadata = fields({ summary: payload, details: payload });

/** Kinds of commands that end a run. */
const FINAL: ReadonlySet<string> = new Set([
  'completeWorkflowExecution',
  'failWorkflowExecution',
  'cancelWorkflowExecution',
  'continueAsNewWorkflowExecution',
]);

/** True for a command that ends the run. */
export function isFinal(command: Command): boolean {
  return Object.keys(command).some((name) => FINAL.has(name));
}

/** Reads what came out of a guest. Throws `CommandRefused`; nothing of the batch may be used then. */
export class CommandReader {
  readonly #rules: CommandRules;
  /** Numbers in use, by kind: Temporal's core counts on each being given once. */
  readonly #seqs = new Map<string, number>();
  readonly #locals = new Set<unknown>();
  readonly #cancelled = new Set<string>();
  /** Activities that have not ended, by their number. */
  readonly #activityIds = new Map<unknown, unknown>();
  /** Updates that wait for an answer; true for one that was accepted. */
  readonly #updates = new Map<unknown, boolean>();

  constructor(rules: CommandRules) {
    this.#rules = rules;
  }

  /** A job of the guest's: what it may answer, or what has ended. */
  told({ doUpdate, resolveActivity }: Readonly<Record<string, unknown>>): void {
    const { protocolInstanceId } = (doUpdate ?? {}) as { readonly protocolInstanceId?: unknown };
    if (doUpdate) this.#updates.set(protocolInstanceId, false);
    if (resolveActivity) this.#activityIds.delete((resolveActivity as { readonly seq?: unknown }).seq);
  }

  read(found: unknown): readonly Command[] {
    if (!Array.isArray(found)) throw new CommandRefused('WORKFLOW_CODE_ERROR', 'found no commands of the SDK');
    if (found.length > MAX_COMMANDS) {
      const message = `found ${found.length} commands at once, expected at most ${MAX_COMMANDS}`;
      throw new CommandRefused('WORKFLOW_CODE_ERROR', message);
    }
    const commands = found.map((each) => this.#one(each));
    const total = commands.reduce((sum, each) => sum + sizeOf(each) + BYTES_PER_COMMAND, 0);
    if (total > MAX_BATCH_BYTES) {
      const message = `found ${total} bytes of commands at once, expected at most ${MAX_BATCH_BYTES}`;
      throw new CommandRefused('PARAMS_TOO_LARGE', message);
    }
    const end = commands.findIndex(isFinal);
    return end < 0 ? commands : commands.slice(0, end + 1);
  }

  #one(found: unknown): Command {
    const [name, body] = Object.entries((found ?? {}) as object).find(([key]) => Object.hasOwn(SHAPES, key)) ?? [];
    const shape = name === undefined ? undefined : SHAPES[name];
    if (name === undefined || !shape)
      throw new CommandRefused('FOREIGN_TARGET', 'found a command that guests do not have');
    const made = remade(shape, body, name);
    this.#judge(name, made);
    const metadata = (found as { userMetadata?: unknown }).userMetadata;
    return metadata === undefined || metadata === null
      ? { [name]: made }
      : { [name]: made, userMetadata: remade(userMetadata, metadata, 'userMetadata') };
  }

  #judge(name: string, made: Record<string, unknown>): void {
    const { queue, namespace, maxBytes } = this.#rules;
    for (const field of NEEDED[name] ?? []) if (made[field] === undefined) throw broken(name, `found no ${field}`);
    this.#number(name, made);
    if (name === 'updateResponse') this.#answer(made);
    judgeTarget(name, made);
    if (sizeOf(made) > maxBytes) {
      throw new CommandRefused(
        'PARAMS_TOO_LARGE',
        `${name}: found ${sizeOf(made)} bytes, expected at most ${maxBytes}`,
      );
    }
    if (isForeignQueue(made.taskQueue as string | undefined, queue)) {
      const found = `${name}.taskQueue: found "${String(made.taskQueue)}"`;
      throw new CommandRefused('FOREIGN_TARGET', `${found}, expected this project's queue`);
    }
    if (typeof made.activityType === 'string' && isReservedActivity(made.activityType)) {
      throw new CommandRefused('RESERVED_NAME', `activity ${made.activityType}: found a name of the host's own`);
    }
    for (const label of labelsOf(made)) {
      if (isReservedLabel(label)) {
        throw new CommandRefused('RESERVED_NAME', `${name}: found the name "${label}", which is the host's own`);
      }
    }
    if (name === 'scheduleActivity') this.#idOf(made);
    if (name === 'scheduleActivity' || name === 'scheduleLocalActivity') judgeTimes(name, made);
    if (made.retryPolicy) judgeRetries(name, made.retryPolicy as Record<string, unknown>);
    if (made.priority) judgePriority(name, made.priority as Record<string, unknown>);
    if (name === 'scheduleActivity' || name === 'startChildWorkflowExecution') made.taskQueue = queue;
    if (name === 'startChildWorkflowExecution') made.namespace = namespace;
    if (made.workflowExecution) (made.workflowExecution as Record<string, unknown>).namespace = namespace;
  }

  /** Two activities of one id at a time would break the task. */
  #idOf({ seq, activityId }: Record<string, unknown>): void {
    if ([...this.#activityIds.values()].includes(activityId)) {
      throw broken('scheduleActivity.activityId', 'found one that another activity has');
    }
    this.#activityIds.set(seq, activityId);
  }

  /** An answer to nobody, or a second one, would break Temporal's core. */
  #answer({ protocolInstanceId: id, ...answers }: Record<string, unknown>): void {
    const isAccepted = this.#updates.get(id);
    const [kind, ...more] = Object.keys(answers);
    const isGood = isAccepted !== undefined && kind !== undefined && more.length === 0;
    if (!isGood || (kind === 'accepted' && isAccepted) || (kind === 'completed' && !isAccepted)) {
      throw broken('updateResponse', 'found an answer out of order');
    }
    if (kind === 'accepted') this.#updates.set(id, true);
    else this.#updates.delete(id);
  }

  /** A number given twice, or one cancelled that was never given, would break Temporal's core. */
  #number(name: string, made: Record<string, unknown>): void {
    const kind = KINDS[name];
    if (kind === undefined) return;
    const seq = made[kind.field];
    const last = this.#seqs.get(kind.of) ?? 0;
    if (name === 'scheduleLocalActivity') this.#locals.add(seq);
    const isKind =
      kind.of !== 'activity' || kind.gives || this.#locals.has(seq) === (name === 'requestCancelLocalActivity');
    const isGood =
      isKind && typeof seq === 'number' && seq < HIGHEST && (kind.gives ? seq > last : seq <= last && seq > 0);
    if (!isGood) throw new CommandRefused('WORKFLOW_CODE_ERROR', `${name}: found a number out of order`);
    if (kind.gives) this.#seqs.set(kind.of, seq);
    else if (this.#cancelled.has(`${name} ${seq}`)) throw broken(name, 'found a second cancellation');
    else this.#cancelled.add(`${name} ${seq}`);
  }
}

function judgeTimes(name: string, { startToCloseTimeout, scheduleToCloseTimeout }: Record<string, unknown>): void {
  if (isPositive(startToCloseTimeout) || isPositive(scheduleToCloseTimeout)) return;
  throw broken(name, 'found neither startToCloseTimeout nor scheduleToCloseTimeout above 0, expected one');
}

function judgeRetries(name: string, policy: Record<string, unknown>): void {
  const { backoffCoefficient = 0, maximumAttempts = 0, initialInterval, maximumInterval } = policy;
  // There is nothing to repeat, and Temporal looks no further.
  if (maximumAttempts === 1) return;
  const first = secondsOf(initialInterval) || 1;
  const most = secondsOf(maximumInterval);
  const isGood =
    (backoffCoefficient === 0 || (backoffCoefficient as number) >= 1) &&
    (maximumAttempts as number) < INT32 &&
    first <= MAX_FIRST_RETRY_SECONDS &&
    (most === 0 || first <= most);
  if (!isGood) throw broken(`${name}.retryPolicy`, 'found numbers that Temporal does not take');
}

function judgePriority(
  name: string,
  { priorityKey = 0, fairnessKey = '', fairnessWeight = 0 }: Record<string, unknown>,
) {
  const isGood =
    (priorityKey as number) < INT32 &&
    size(fairnessKey as string) <= MAX_FAIRNESS_KEY &&
    (fairnessWeight as number) >= 0;
  if (!isGood) throw broken(`${name}.priority`, 'found one that Temporal does not take');
}

function judgeTarget(name: string, { workflowExecution, childWorkflowId }: Record<string, unknown>): void {
  if (name !== 'signalExternalWorkflowExecution' && name !== 'requestCancelExternalWorkflowExecution') return;
  const { workflowId } = (workflowExecution ?? {}) as { readonly workflowId?: unknown };
  const isOne = workflowExecution === undefined ? childWorkflowId !== undefined : childWorkflowId === undefined;
  if (!isOne || (workflowExecution && workflowId === undefined)) throw broken(name, 'found no target, expected one');
}

const broken = (where: string, found: string): CommandRefused =>
  new CommandRefused('WORKFLOW_CODE_ERROR', `${where}: ${found}`);

function secondsOf(found: unknown): number {
  const { seconds, nanos = 0 } = (found ?? {}) as { readonly seconds?: Long; readonly nanos?: number };
  return (seconds?.toNumber() ?? 0) + nanos / 1e9;
}

const isPositive = (found: unknown): boolean => secondsOf(found) > 0;

/** Numbers from here on are the interpreter's own. */
export const HIGHEST = 2 ** 30;

const KINDS: Readonly<Record<string, { readonly of: string; readonly field: string; readonly gives: boolean }>> = {
  startTimer: { of: 'timer', field: 'seq', gives: true },
  cancelTimer: { of: 'timer', field: 'seq', gives: false },
  scheduleActivity: { of: 'activity', field: 'seq', gives: true },
  requestCancelActivity: { of: 'activity', field: 'seq', gives: false },
  scheduleLocalActivity: { of: 'activity', field: 'seq', gives: true },
  requestCancelLocalActivity: { of: 'activity', field: 'seq', gives: false },
  startChildWorkflowExecution: { of: 'child', field: 'seq', gives: true },
  cancelChildWorkflowExecution: { of: 'child', field: 'childWorkflowSeq', gives: false },
  signalExternalWorkflowExecution: { of: 'signal', field: 'seq', gives: true },
  cancelSignalWorkflow: { of: 'signal', field: 'seq', gives: false },
  requestCancelExternalWorkflowExecution: { of: 'cancel', field: 'seq', gives: true },
};

function remade(shape: Shape<Record<string, unknown>>, body: unknown, where: string): Record<string, unknown> {
  try {
    return shape(body, where);
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    throw new CommandRefused('WORKFLOW_CODE_ERROR', error.message);
  }
}

function labelsOf({ memo, searchAttributes: attributes, upsertedMemo }: Record<string, unknown>): string[] {
  const { indexedFields } = (attributes ?? {}) as { indexedFields?: object };
  const { fields: upserted } = (upsertedMemo ?? {}) as { fields?: object };
  return [memo, indexedFields, upserted].flatMap((each) => (each ? Object.keys(each) : []));
}

function sizeOf(value: unknown): number {
  if (typeof value === 'string') return size(value);
  if (ArrayBuffer.isView(value)) return value.byteLength;
  if (typeof value !== 'object' || value === null) return 8;
  return Object.values(value).reduce((sum: number, each) => sum + sizeOf(each), 0);
}
