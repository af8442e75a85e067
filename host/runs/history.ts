/** Reads what a run did out of its Temporal history. Pure: history in, data out. */
import { defaultFailureConverter, defaultPayloadConverter } from '@temporalio/common';
import type { temporal } from '@temporalio/proto';
import type {
  ActivityError,
  BillingArgs,
  LoadedPlan,
  RunFailure,
  RunResult,
  SkipReason,
} from '../temporal/workflows/types.ts';

type Event = temporal.api.history.v1.IHistoryEvent;
type Payload = temporal.api.common.v1.IPayload;
type Failure = temporal.api.failure.v1.IFailure;

/** What history tells of one activity. Times are ISO 8601. */
export interface ActivityTrace {
  status: 'running' | 'completed' | 'failed';
  attempts: number;
  startedAt: string | null;
  endedAt: string | null;
  input: unknown;
  output: unknown;
  error: ActivityError | null;
  childRun: { workflowId: string; runId: string | null } | null;
}

/** How a closed run ended. */
export interface RunEnd {
  readonly kind: 'completed' | 'failed' | 'cancelled' | 'terminated' | 'timed-out';
  readonly time: string;
  readonly result?: RunResult;
  readonly failure?: RunFailure;
  /** Why it was terminated, in the words of whoever did. */
  readonly reason?: string;
}

/** All of a run that its history holds. */
export interface RunTrace {
  readonly args: BillingArgs;
  readonly startedAt: string;
  readonly loaded: LoadedPlan | null;
  /** Id of the BillingWorkflow resource. */
  readonly record: string | null;
  readonly activities: ReadonlyMap<string, ActivityTrace>;
  readonly end: RunEnd | null;
  /** What a cancelled run had skipped, by activity id. */
  readonly skips: Readonly<Record<string, SkipReason>>;
}

/** Reads a whole history. Null when its first event is not the start of a billing run. */
export function readHistory(events: readonly Event[]): RunTrace | null {
  const start = events[0]?.workflowExecutionStartedEventAttributes;
  const args = decode(start?.input?.payloads?.[0]) as BillingArgs | undefined;
  if (!start || typeof args?.workflow !== 'string') return null;
  const reader = new Reader();
  for (const event of events) reader.read(event);
  return {
    args,
    startedAt: time(events[0]) ?? '',
    loaded: reader.loaded,
    record: reader.record,
    activities: reader.activities,
    end: reader.end,
    skips: reader.skips,
  };
}

class Reader {
  loaded: LoadedPlan | null = null;
  record: string | null = null;
  end: RunEnd | null = null;
  skips: RunTrace['skips'] = {};
  readonly activities = new Map<string, ActivityTrace>();
  /** Scheduling event id → YAML activity id. */
  readonly #scheduled = new Map<string, string>();
  readonly #abandoned = new Set<string>();

  read(event: Event): void {
    this.#readMarker(event);
    this.#readActivity(event);
    this.#readChild(event);
    this.end = readEnd(event) ?? this.end;
    const memo = event.workflowPropertiesModifiedEventAttributes?.upsertedMemo?.fields?.CloisterSkips;
    if (memo) this.skips = (decode(memo) as RunTrace['skips'] | undefined) ?? {};
  }

  #readMarker(event: Event): void {
    const marker = event.markerRecordedEventAttributes;
    if (marker?.markerName !== 'core_local_activity') return;
    const about = decode(marker.details?.data?.payloads?.[0]) as { activity_type?: string } | undefined;
    const result = decode(marker.details?.result?.payloads?.[0]);
    if (about?.activity_type === 'cloister:loadPlan') this.loaded = (result as LoadedPlan | undefined) ?? null;
    if (about?.activity_type === 'cloister:createRecord') this.record = typeof result === 'string' ? result : null;
  }

  #readActivity(event: Event): void {
    const scheduled = event.activityTaskScheduledEventAttributes;
    if (scheduled) {
      // A reschedule after a lost host is `<id>~<n>`; ids themselves hold no tilde.
      const id = (scheduled.activityId ?? '').replace(/~\d+$/, '');
      this.#scheduled.set(String(event.eventId), id);
      this.activities.set(id, opened(decode(scheduled.input?.payloads?.[0])));
    }
    const started = event.activityTaskStartedEventAttributes;
    const trace = this.#trace(started?.scheduledEventId);
    if (started && trace) {
      trace.attempts = started.attempt ?? 1;
      trace.startedAt = time(event);
    }
    const completed = event.activityTaskCompletedEventAttributes;
    settle(this.#trace(completed?.scheduledEventId), event, { output: decode(completed?.result?.payloads?.[0]) });
    for (const ended of [event.activityTaskFailedEventAttributes, event.activityTaskTimedOutEventAttributes]) {
      settle(this.#trace(ended?.scheduledEventId), event, { failure: ended?.failure });
    }
    settle(this.#trace(event.activityTaskCanceledEventAttributes?.scheduledEventId), event, { failure: CANCELED });
  }

  #readChild(event: Event): void {
    const initiated = event.startChildWorkflowExecutionInitiatedEventAttributes;
    if (initiated) {
      const id = String(decode(initiated.memo?.fields?.CloisterActivity) ?? '');
      const args = decode(initiated.input?.payloads?.[0]) as BillingArgs | undefined;
      this.#scheduled.set(String(event.eventId), id);
      const childRun = { workflowId: initiated.workflowId ?? '', runId: null };
      this.activities.set(id, { ...opened(args?.input), childRun });
      if (initiated.parentClosePolicy === ABANDON) this.#abandoned.add(String(event.eventId));
    }
    const started = event.childWorkflowExecutionStartedEventAttributes;
    const trace = this.#trace(started?.initiatedEventId);
    if (started && trace?.childRun) {
      trace.attempts += 1;
      trace.startedAt = time(event);
      trace.childRun.runId = started.workflowExecution?.runId ?? null;
    }
    // A decoupled child is started and not awaited: how it ends is not the parent's story.
    if (started && trace && this.#abandoned.has(String(started.initiatedEventId))) {
      settle(trace, event, { output: trace.childRun });
      this.#scheduled.delete(String(started.initiatedEventId));
    }
    const completed = event.childWorkflowExecutionCompletedEventAttributes;
    settle(this.#trace(completed?.initiatedEventId), event, { output: decode(completed?.result?.payloads?.[0]) });
    const failed = event.childWorkflowExecutionFailedEventAttributes;
    settle(this.#trace(failed?.initiatedEventId), event, { failure: failed?.failure });
    const canceled = event.childWorkflowExecutionCanceledEventAttributes;
    settle(this.#trace(canceled?.initiatedEventId), event, { failure: CANCELED });
    const timedOut = event.childWorkflowExecutionTimedOutEventAttributes;
    settle(this.#trace(timedOut?.initiatedEventId), event, { failure: TIMED_OUT });
    const terminated = event.childWorkflowExecutionTerminatedEventAttributes;
    settle(this.#trace(terminated?.initiatedEventId), event, { failure: TERMINATED });
    const refused = event.startChildWorkflowExecutionFailedEventAttributes;
    settle(this.#trace(refused?.initiatedEventId), event, { failure: REFUSED });
  }

  #trace(eventId: unknown): ActivityTrace | undefined {
    const id = this.#scheduled.get(String(eventId));
    return id === undefined ? undefined : this.activities.get(id);
  }
}

/** PARENT_CLOSE_POLICY_ABANDON */
const ABANDON = 2;
const CANCELED: Failure = { message: 'cancelled', canceledFailureInfo: {} };
const TIMED_OUT: Failure = {
  message: 'the child run passed its run timeout',
  applicationFailureInfo: { type: 'RUN_TIMED_OUT' },
};
const TERMINATED: Failure = { message: 'the child run was terminated', applicationFailureInfo: { type: 'TERMINATED' } };
const REFUSED: Failure = {
  message: 'a run with the workflow id of the child is open',
  applicationFailureInfo: { type: 'SCRIPT_ERROR' },
};

function opened(input: unknown): ActivityTrace {
  return {
    status: 'running',
    attempts: 0,
    startedAt: null,
    endedAt: null,
    input: input ?? null,
    output: null,
    error: null,
    childRun: null,
  };
}

function settle(
  trace: ActivityTrace | undefined,
  event: Event,
  how: { readonly output?: unknown; readonly failure?: Failure | null | undefined },
): void {
  if (!trace) return;
  trace.endedAt = time(event);
  trace.status = how.failure ? 'failed' : 'completed';
  trace.output = how.output ?? null;
  if (how.failure) trace.error = readFailure(how.failure, trace.attempts);
}

/** Turns a recorded failure into code and message. `activity` and `script` are filled in by whoever knows the plan. */
export function readFailure(failure: Failure, attempts: number): ActivityError {
  const detail = decode(failure.applicationFailureInfo?.details?.payloads?.[0]) as { stack?: string } | undefined;
  return {
    activity: '',
    script: null,
    attempts,
    code: failure.canceledFailureInfo ? 'CANCELLED' : (failure.applicationFailureInfo?.type ?? 'HOST_LOST'),
    message: failure.message ?? '',
    ...(detail?.stack && { stack: detail.stack }),
  };
}

function readEnd(event: Event): RunEnd | null {
  const at = time(event) ?? '';
  const completed = event.workflowExecutionCompletedEventAttributes;
  if (completed) return { kind: 'completed', time: at, ...result(decode(completed.result?.payloads?.[0])) };
  const failed = event.workflowExecutionFailedEventAttributes;
  if (failed?.failure) return { kind: 'failed', time: at, failure: runFailure(failed.failure) };
  const canceled = event.workflowExecutionCanceledEventAttributes;
  if (canceled) return { kind: 'cancelled', time: at };
  const terminated = event.workflowExecutionTerminatedEventAttributes;
  if (terminated) return { kind: 'terminated', time: at, ...(terminated.reason && { reason: terminated.reason }) };
  if (event.workflowExecutionTimedOutEventAttributes) return { kind: 'timed-out', time: at };
  return null;
}

const result = (value: unknown): { result?: RunResult } => (value ? { result: value as RunResult } : {});

function runFailure(failure: Failure): RunFailure {
  const error = defaultFailureConverter.failureToError(failure, defaultPayloadConverter);
  const details = (error as { details?: unknown[] }).details?.[0] as RunFailure | undefined;
  return details?.error ? details : { error: { code: 'INTERNAL', message: error.message }, activities: {} };
}

function decode(payload: Payload | null | undefined): unknown {
  return payload ? defaultPayloadConverter.fromPayload(payload) : undefined;
}

function time(event: Event | undefined): string | null {
  return readTime(event?.eventTime);
}

/** A time of Temporal's, ISO 8601; null for none. */
export function readTime(at: Event['eventTime']): string | null {
  if (!at) return null;
  return new Date(Number(at.seconds ?? 0) * 1000 + Math.floor((at.nanos ?? 0) / 1e6)).toISOString();
}
