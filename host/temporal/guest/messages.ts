/** What the commands of a guest may hold, kind by kind. */
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
  text,
  uint,
} from './shape.ts';

const MAX_CAUSES = 20;
const REJECT_DUPLICATE = 3;
/** As Go's parser of them. */
const UUID = /^(?:urn:uuid:)?[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}$/i;

const payload = fields({ metadata: map(bytes), data: bytes });
const payloads = fields({ payloads: list(payload) });
/** One of an enumeration's numbers: the server starts with others what it cannot finish. */
const upTo =
  (last: number): Shape<number> =>
  (value, where) => {
    const found = uint(value, where);
    if (found > last) throw new ShapeError(`${where}: expected at most ${last}`);
    return found;
  };
/** How a workflow id may be used again; the next one would end whatever run has it, of whichever project. */
const reuse: Shape<number> = (value, where) => {
  const policy = uint(value, where);
  if (policy > REJECT_DUPLICATE) throw new ShapeError(`${where}: expected a policy that ends no other run`);
  return policy;
};
/** What Temporal takes for the id of a run; an empty one is none. */
const runId: Shape<string> = (value, where) => {
  const found = text(value, where);
  if (found !== '' && !UUID.test(found)) throw new ShapeError(`${where}: expected the id of a run`);
  return found;
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
const execution = fields({ workflowId: label, runId });
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
    category: upTo(1),
  }),
  timeoutFailureInfo: fields({ timeoutType: upTo(4), lastHeartbeatDetails: payloads }),
  canceledFailureInfo: fields({ details: payloads, identity: text }),
  terminatedFailureInfo: fields({ identity: text }),
  serverFailureInfo: fields({ nonRetryable: flag }),
  activityFailureInfo: fields({
    scheduledEventId: long,
    startedEventId: long,
    identity: text,
    activityType: fields({ name: text }),
    activityId: text,
    retryState: upTo(7),
  }),
  childWorkflowExecutionFailureInfo: fields({
    namespace: text,
    workflowExecution: formerExecution,
    workflowType: fields({ name: text }),
    initiatedEventId: long,
    startedEventId: long,
    retryState: upTo(7),
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
  cancellationType: upTo(2),
};
const workflow = {
  taskQueue: text,
  workflowRunTimeout: duration,
  workflowTaskTimeout: duration,
  memo: map(payload),
  searchAttributes,
  retryPolicy,
  versioningIntent: upTo(2),
};

/** Shapes by the command's name: what guests have. */
export const SHAPES: Readonly<Record<string, Shape<Record<string, unknown>>>> = {
  startTimer: fields({ seq: uint, startToFireTimeout: duration }),
  cancelTimer: fields({ seq: uint }),
  scheduleActivity: fields({
    ...activity,
    taskQueue: text,
    heartbeatTimeout: duration,
    doNotEagerlyExecute: flag,
    versioningIntent: upTo(2),
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
    parentClosePolicy: upTo(3),
    workflowIdReusePolicy: reuse,
    cronSchedule: text,
    cancellationType: upTo(3),
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
export const NEEDED: Readonly<Record<string, readonly string[]>> = {
  scheduleActivity: ['activityId', 'activityType'],
  scheduleLocalActivity: ['activityId', 'activityType'],
  startChildWorkflowExecution: ['workflowId', 'workflowType'],
  signalExternalWorkflowExecution: ['signalName'],
  requestCancelExternalWorkflowExecution: ['workflowExecution'],
  upsertWorkflowSearchAttributes: ['searchAttributes'],
  modifyWorkflowProperties: ['upsertedMemo'],
  failWorkflowExecution: ['failure'],
};

/** What a command is shown with. */
export const userMetadata = fields({ summary: payload, details: payload });
