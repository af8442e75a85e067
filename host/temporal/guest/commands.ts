/** Commands of a guest: made anew from what they may hold, and judged before Temporal sees them. */
import type Long from 'long';
import type { Attributes } from './attributes.ts';
import { cronFault } from './cron.ts';
import type { TaskLoad } from './load.ts';
import { NEEDED, SHAPES, userMetadata } from './messages.ts';
import { isForeignQueue, isReservedActivity, isReservedLabel } from './rules.ts';
import { type Shape, ShapeError, size } from './shape.ts';

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
  /** Of the task that the commands go out with. */
  readonly load: TaskLoad;
}

const MAX_COMMANDS = 10_000;
/** Beside its fields. */
const BYTES_PER_COMMAND = 64;
/** Temporal multiplies it by a hundred, and counts in nanoseconds. */
const MAX_FIRST_RETRY_SECONDS = 365 * 24 * 3600;
const MAX_FAIRNESS_KEY = 64;
const INT32 = 2 ** 31;
/** Search attributes of one command. */
const MAX_ATTRIBUTES = 100;
/** More than a history could tell of: the others leave no event, and would fill the memory of the host's thread. */
const MAX_CANCELLED = 100_000;

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
    const { load } = this.#rules;
    for (const each of commands) {
      load.add(sizeOf(each) + BYTES_PER_COMMAND);
      load.count(Object.keys(each)[0] ?? '');
    }
    const { excess } = load;
    if (excess) throw new CommandRefused(excess.code, excess.message);
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
    judgeLabels(name, made);
    const fault = cronFault((made.cronSchedule ?? '') as string);
    if (fault !== null)
      throw broken(`${name}.cronSchedule`, `found ${fault}, expected an expression that Temporal can read`);
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
    else if (this.#cancelled.size >= MAX_CANCELLED) throw broken(name, `found more than ${MAX_CANCELLED} of this kind`);
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

/** Nothing to set is none of Temporal's commands. */
function judgeLabels(name: string, made: Record<string, unknown>): void {
  const count = Object.keys(attributesIn(made)).length;
  if (count > MAX_ATTRIBUTES) {
    throw broken(`${name}.searchAttributes`, `found ${count}, expected at most ${MAX_ATTRIBUTES}`);
  }
  const isEmpty =
    (name === 'upsertWorkflowSearchAttributes' || name === 'modifyWorkflowProperties') && labelsOf(made).length === 0;
  if (isEmpty) throw broken(name, 'found no fields, expected some');
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

function labelsOf(made: Record<string, unknown>): string[] {
  const { memo, upsertedMemo } = made;
  const { fields: upserted } = (upsertedMemo ?? {}) as { fields?: object };
  return [memo, attributesIn(made), upserted].flatMap((each) => (each ? Object.keys(each) : []));
}

/** Search attributes that a command sets. */
function attributesIn({ searchAttributes }: Record<string, unknown>): Attributes {
  return ((searchAttributes ?? {}) as { readonly indexedFields?: Attributes }).indexedFields ?? {};
}

/** Search attributes that a command sets, also one that is named as what every object has. */
export function attributesOf(command: Command): Attributes {
  return Object.fromEntries(Object.values(command).flatMap((each) => Object.entries(attributesIn(each))));
}

function sizeOf(value: unknown): number {
  if (typeof value === 'string') return size(value);
  if (ArrayBuffer.isView(value)) return value.byteLength;
  if (typeof value !== 'object' || value === null) return 8;
  return Object.values(value).reduce((sum: number, each) => sum + sizeOf(each), 0);
}
