/** Commands of a guest: made anew from what they may hold, and judged before Temporal sees them. */
import { isForeignQueue, isReservedActivity, isReservedLabel } from './rules.ts';
import { bytes, fields, flag, float, list, long, map, type Shape, ShapeError, text, uint } from './shape.ts';

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

const payload = fields({ metadata: map(bytes), data: bytes });
const payloads = fields({ payloads: list(payload) });
const time = fields({ seconds: long, nanos: uint });
const searchAttributes = fields({ indexedFields: map(payload) });
const retryPolicy = fields({
  initialInterval: time,
  backoffCoefficient: float,
  maximumInterval: time,
  maximumAttempts: uint,
  nonRetryableErrorTypes: list(text),
});
const priority = fields({ priorityKey: uint, fairnessKey: text, fairnessWeight: float });
const execution = fields({ workflowId: text, runId: text });
const failureFields = {
  message: text,
  source: text,
  stackTrace: text,
  encodedAttributes: payload,
  applicationFailureInfo: fields({
    type: text,
    nonRetryable: flag,
    details: payloads,
    nextRetryDelay: time,
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
    workflowExecution: execution,
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
  activityId: text,
  activityType: text,
  arguments: list(payload),
  scheduleToCloseTimeout: time,
  scheduleToStartTimeout: time,
  startToCloseTimeout: time,
  retryPolicy,
  cancellationType: uint,
};
const workflow = {
  workflowType: text,
  taskQueue: text,
  workflowRunTimeout: time,
  workflowTaskTimeout: time,
  memo: map(payload),
  searchAttributes,
  retryPolicy,
  versioningIntent: uint,
};

const SHAPES: Readonly<Record<string, Shape<Record<string, unknown>>>> = {
  startTimer: fields({ seq: uint, startToFireTimeout: time }),
  cancelTimer: fields({ seq: uint }),
  scheduleActivity: fields({
    ...activity,
    taskQueue: text,
    heartbeatTimeout: time,
    doNotEagerlyExecute: flag,
    versioningIntent: uint,
    priority,
  }),
  requestCancelActivity: fields({ seq: uint }),
  scheduleLocalActivity: fields({
    ...activity,
    attempt: uint,
    originalScheduleTime: time,
    localRetryThreshold: time,
  }),
  requestCancelLocalActivity: fields({ seq: uint }),
  startChildWorkflowExecution: fields({
    ...workflow,
    seq: uint,
    workflowId: text,
    input: list(payload),
    workflowExecutionTimeout: time,
    parentClosePolicy: uint,
    workflowIdReusePolicy: uint,
    cronSchedule: text,
    cancellationType: uint,
    priority,
  }),
  cancelChildWorkflowExecution: fields({ childWorkflowSeq: uint, reason: text }),
  signalExternalWorkflowExecution: fields({
    seq: uint,
    workflowExecution: execution,
    childWorkflowId: text,
    signalName: text,
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
  continueAsNewWorkflowExecution: fields({ ...workflow, arguments: list(payload), backoffStartInterval: time }),
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

  constructor(rules: CommandRules) {
    this.#rules = rules;
  }

  read(found: unknown): readonly Command[] {
    if (!Array.isArray(found)) throw new CommandRefused('WORKFLOW_CODE_ERROR', 'found no commands of the SDK');
    if (found.length > MAX_COMMANDS) {
      const message = `found ${found.length} commands at once, expected at most ${MAX_COMMANDS}`;
      throw new CommandRefused('WORKFLOW_CODE_ERROR', message);
    }
    const commands = found.map((each) => this.#one(each));
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
    this.#number(name, made);
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
    if (name === 'startChildWorkflowExecution') made.namespace = namespace;
    if (made.workflowExecution) (made.workflowExecution as Record<string, unknown>).namespace = namespace;
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
  }
}

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
  if (typeof value === 'string') return value.length;
  if (ArrayBuffer.isView(value)) return value.byteLength;
  if (typeof value !== 'object' || value === null) return 8;
  return Object.values(value).reduce((sum: number, each) => sum + sizeOf(each), 0);
}
