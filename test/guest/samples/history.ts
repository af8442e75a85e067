/** What a workflow decided, out of its history: the commands alone, without what differs from run to run. */
import { defaultPayloadConverter } from '@temporalio/common';
import proto from '@temporalio/proto';
import type { Naming } from './naming.ts';

const { EventType } = proto.temporal.api.enums.v1;
type Event = proto.temporal.api.history.v1.IHistoryEvent;

/** One decision: the event it became, and its attributes as plain data. */
export interface Command {
  readonly event: string;
  readonly attributes: unknown;
}

/** Events that are the workflow's own doing; all others are the world's answers, or the server's bookkeeping. */
const DECIDED = new Set([
  'ACTIVITY_TASK_SCHEDULED',
  'ACTIVITY_TASK_CANCEL_REQUESTED',
  'TIMER_STARTED',
  'TIMER_CANCELED',
  'START_CHILD_WORKFLOW_EXECUTION_INITIATED',
  'SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED',
  'REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED',
  'MARKER_RECORDED',
  'UPSERT_WORKFLOW_SEARCH_ATTRIBUTES',
  'WORKFLOW_PROPERTIES_MODIFIED',
  'WORKFLOW_EXECUTION_UPDATE_ACCEPTED',
  'WORKFLOW_EXECUTION_UPDATE_COMPLETED',
  'WORKFLOW_EXECUTION_COMPLETED',
  'WORKFLOW_EXECUTION_FAILED',
  'WORKFLOW_EXECUTION_CANCELED',
  'WORKFLOW_EXECUTION_CONTINUED_AS_NEW',
]);

/**
 * Event ids shift by the events of the guest's first step; headers, identities and stacks are the side's own business. What
 * an update was asked under is drawn by the client.
 */
const NOT_COMPARED = new Set([
  'workflowTaskCompletedEventId',
  'scheduledEventId',
  'startedEventId',
  'initiatedEventId',
  'acceptedEventId',
  'acceptedRequestMessageId',
  'acceptedRequestSequencingEventId',
  'protocolInstanceId',
  'updateId',
  'newExecutionRunId',
  'header',
  'identity',
  'stackTrace',
  'source',
  'namespaceId',
]);

/** Name of an event, without the prefix of the enumeration. */
export function eventName(event: Event): string {
  return String(EventType[event.eventType ?? 0]).replace('EVENT_TYPE_', '');
}

/** The commands of one run, in order; the marker of the guest's first step is left out. */
export function commandsOf(events: readonly Event[], naming: Naming): readonly Command[] {
  const activities = new Map(
    events.map((event) => [Number(event.eventId), event.activityTaskScheduledEventAttributes?.activityId]),
  );
  return events.flatMap((event) => {
    const name = eventName(event);
    if (!DECIDED.has(name) || isOfInterpreter(event)) return [];
    const cancelled = event.activityTaskCancelRequestedEventAttributes?.scheduledEventId;
    const about = cancelled ? { activityId: activities.get(Number(cancelled)) } : {};
    const metadata = event.userMetadata ? { userMetadata: plain(event.userMetadata) } : {};
    const attributes = { ...(plain(attributesOf(event)) as object), ...about, ...metadata };
    return [{ event: name, attributes: naming.neutral(attributes) }];
  });
}

/** Ids of the children that a run asked for and that were started, and of the runs they began with; in the order of asking. */
export function childrenOf(events: readonly Event[]): readonly { workflowId: string; runId: string }[] {
  const started = events.flatMap(({ childWorkflowExecutionStartedEventAttributes: one }) => (one ? [one] : []));
  const asked = [...started].sort((one, other) => Number(one.initiatedEventId) - Number(other.initiatedEventId));
  return asked.map(({ workflowExecution: execution }) => ({
    workflowId: execution?.workflowId ?? '',
    runId: execution?.runId ?? '',
  }));
}

function isOfInterpreter(event: Event): boolean {
  const marker = event.markerRecordedEventAttributes;
  if (marker?.markerName !== 'core_local_activity') {
    const memo = event.workflowPropertiesModifiedEventAttributes?.upsertedMemo?.fields;
    return memo !== undefined && memo !== null && Object.keys(memo).join() === 'codeDigest';
  }
  const { data } = plain(marker.details) as { data?: { payloads?: readonly { activity_type?: string }[] } };
  return data?.payloads?.[0]?.activity_type?.startsWith('cloister:') ?? false;
}

function attributesOf(event: Event): unknown {
  const entry = Object.entries(event).find(([key, value]) => key.endsWith('EventAttributes') && value);
  return entry?.[1] ?? {};
}

/** A message of the protocol as plain data: payloads decoded, durations in milliseconds, what is empty left out. */
export function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  if (isLong(value)) return Number(String(value));
  if (isPayload(value)) return markerTimeless(decoded(value));
  if (isDuration(value)) return { ms: Number(String(value.seconds)) * 1000 + (value.nanos ?? 0) / 1_000_000 };
  const kept = Object.entries(value).filter(([key, one]) => !NOT_COMPARED.has(key) && !isEmpty(one));
  return Object.fromEntries(kept.map(([key, one]) => [key, plain(one)]));
}

type Payload = proto.temporal.api.common.v1.IPayload;

function isPayload(value: object): value is Payload {
  return 'metadata' in value && typeof value.metadata === 'object' && !!value.metadata && 'encoding' in value.metadata;
}

function isLong(value: object): boolean {
  return 'low' in value && 'high' in value && 'unsigned' in value;
}

function isDuration(value: object): value is { seconds: unknown; nanos?: number } {
  return value.constructor.name === 'Duration';
}

function decoded(payload: Payload): unknown {
  if (payload.data?.length === 0) return 'empty';
  const value: unknown = defaultPayloadConverter.fromPayload(payload);
  return value === undefined ? 'undefined' : value;
}

/** When a local activity ran, and its number beside the interpreter's own, differ without meaning anything. */
function markerTimeless(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('original_schedule_time' in value)) return value;
  const { original_schedule_time: _scheduled, complete_time: _completed, seq: _seq, ...rest } = value as Marker;
  return rest;
}

interface Marker {
  readonly original_schedule_time: unknown;
  readonly complete_time: unknown;
  readonly seq: unknown;
}

function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === '' || value === 0 || value === false) return true;
  if (isBytesOrList(value)) return value.length === 0;
  return typeof value === 'object' && !isLong(value) && !isDuration(value) && Object.keys(value).length === 0;
}

function isBytesOrList(value: unknown): value is { length: number } {
  return Array.isArray(value) || value instanceof Uint8Array;
}
