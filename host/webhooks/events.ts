/** Events out of what FHIR servers post: Aidbox's bundles, those of the R5 backport, and resources as R4 servers send them. */
import { createHash } from 'node:crypto';
import { ApiError } from '../error.ts';

/** A resource, or what is known of it. */
export type Resource = Readonly<Record<string, unknown>>;

/** One change, as a mapping is told of it. */
export interface FhirEvent {
  /** Whole; `{ resourceType, id }` where the server sends no more or the resource is gone; `{}` where it says nothing. */
  readonly resource: Resource;
  readonly event: {
    readonly eventNumber: string | number | null;
    /** Reference, as it was sent. */
    readonly focus: string | null;
    /** Of the request that made the change: `POST`, `PUT`, `PATCH`, `DELETE`. */
    readonly method: string | null;
  };
  /** What makes it one and the same event when it is delivered again; null: the body it came in has to do. */
  readonly identity: string | null;
}

/** What a request says beside its body. */
export interface Address {
  /** `Type/id`, of the path or of a header; null: nothing. */
  readonly reference: string | null;
  readonly method: 'POST' | 'PUT' | 'DELETE';
}

/** A `Type/id` at the end of an address. */
const REFERENCE = /(?:^|\/)([A-Z][A-Za-z]{0,63})\/([A-Za-z0-9.-]{1,64})(?:\/_history\/[A-Za-z0-9.-]+)?$/;
const TYPE = /^[A-Z][A-Za-z]{0,63}$/;

/** True for `Type/id`. */
export function isReference(text: string): boolean {
  return REFERENCE.exec(text)?.[0] === text;
}

/**
 * The events of a body, in its order. None: a handshake or a heartbeat. Throws `BODY_INVALID` for what is neither a bundle nor
 * a resource.
 */
export function readEvents(body: unknown, { reference, method }: Address): FhirEvent[] {
  if (method === 'DELETE' || (reference !== null && (body === undefined || isEmpty(body)))) {
    return [bare(stubOf(reference), { focus: reference, method: method === 'POST' ? 'DELETE' : method })];
  }
  // R4 servers post an empty body where the subscription names no payload.
  if (body === undefined) return [bare({}, { focus: null, method: null })];
  if (!isRecord(body) || typeof body.resourceType !== 'string' || !TYPE.test(body.resourceType)) throw noResource(body);
  if (body.resourceType === 'Bundle' && reference === null) return ofBundle(body);
  if (reference !== null && reference !== `${body.resourceType}/${String(body.id)}`) throw notTheOne();
  return [bare(body, { focus: reference ?? referenceOf(body), method: method === 'PUT' ? 'PUT' : null })];
}

function bare(resource: Resource, { focus, method }: Pick<FhirEvent['event'], 'focus' | 'method'>): FhirEvent {
  return { resource, event: { eventNumber: null, focus, method }, identity: null };
}

interface Status {
  /** Aidbox: each entry is a change. Elsewhere a bundle may hold resources that only go with one. */
  readonly isAidbox: boolean;
  readonly type: string;
  /** Topic, destination and subscription, as far as it names them. */
  readonly source: readonly unknown[];
  readonly events: readonly Notified[];
}

interface Notified {
  readonly eventNumber: string | number | null;
  readonly focus: string | null;
  readonly timestamp: unknown;
}

interface Entry {
  readonly resource?: unknown;
  readonly fullUrl?: unknown;
  readonly request?: { readonly method?: unknown; readonly url?: unknown };
}

function ofBundle({ entry = [] }: Resource): FhirEvent[] {
  if (!Array.isArray(entry) || !entry.every(isRecord)) throw noResource(entry);
  const [first, ...rest] = entry as Entry[];
  const status = first && statusOf(first.resource);
  if (!status) return (entry as Entry[]).flatMap((each) => toEvent(each, null, null) ?? []);
  if (status.type !== 'event-notification') return [];
  return rest.length === 0 ? status.events.map((each) => withoutEntry({}, each, status)) : matched(rest, status);
}

/** Entries in their order, each with the notification of its resource; then notifications that have no entry. */
function matched(entries: readonly Entry[], status: Status): FhirEvent[] {
  const open = [...status.events];
  const inOrder = entries.length === open.length ? status.events : [];
  const events = entries.flatMap((entry, index) => {
    const reference = referenceOfEntry(entry);
    const at = open.findIndex(({ focus }) => focus !== null && tail(focus) === reference);
    const unnamed = at < 0 && inOrder[index]?.focus === null ? open.indexOf(inOrder[index]) : at;
    const [notified = null] = unnamed < 0 ? [] : open.splice(unnamed, 1);
    if (notified === null && !status.isAidbox) return [];
    return toEvent(entry, notified, status) ?? [];
  });
  return [...events, ...open.map((each) => withoutEntry(stubOf(tail(each.focus)), each, status))];
}

function toEvent(entry: Entry, notified: Notified | null, status: Status | null): FhirEvent | null {
  const reference = referenceOfEntry(entry);
  const method = typeof entry.request?.method === 'string' ? entry.request.method : null;
  const isWhole = isRecord(entry.resource) && method !== 'DELETE';
  if (!isWhole && reference === null) return null;
  const resource = isWhole ? (entry.resource as Resource) : stubOf(reference);
  const { eventNumber = null, focus = null } = notified ?? {};
  const identity = identityOf(notified, status, entry);
  return { resource, event: { eventNumber, focus: focus ?? reference, method }, identity };
}

function withoutEntry(resource: Resource, notified: Notified, status: Status): FhirEvent {
  const { eventNumber, focus } = notified;
  return { resource, event: { eventNumber, focus, method: null }, identity: identityOf(notified, status, null) };
}

/** The content counts too: a destination that was made anew counts its events from the start. */
function identityOf(notified: Notified | null, status: Status | null, entry: Entry | null): string | null {
  if (notified === null || status === null || notified.eventNumber === null) return null;
  const { eventNumber, focus, timestamp = null } = notified;
  return sha256(JSON.stringify([...status.source, String(eventNumber), focus, timestamp, entry]));
}

/** The status that stands before the events; null for any other resource. */
function statusOf(resource: unknown): Status | null {
  if (!isRecord(resource)) return null;
  const { resourceType } = resource;
  if (resourceType === 'Parameters') return ofParameters(resource);
  if (resourceType !== 'AidboxSubscriptionStatus' && resourceType !== 'SubscriptionStatus') return null;
  const { type = 'event-notification', notificationEvent = [], topic = null, subscription = null } = resource;
  const events = Array.isArray(notificationEvent) ? notificationEvent.filter(isRecord) : [];
  return {
    isAidbox: resourceType === 'AidboxSubscriptionStatus',
    type: String(type),
    source: [topic, subscription, resource['topic-destination'] ?? null],
    events: events.map(({ eventNumber, focus, timestamp }) => notified(eventNumber, focus, timestamp)),
  };
}

/** R4 has no resource for the status: the backport writes it as parameters. */
function ofParameters({ parameter }: Resource): Status | null {
  if (!Array.isArray(parameter)) return null;
  const status = valuesOf(parameter);
  if (!status.has('type') || !status.has('subscription')) return null;
  const events = parameter
    .filter((each) => isRecord(each) && each.name === 'notification-event')
    .map(({ part }) => {
      const parts = valuesOf(Array.isArray(part) ? part : []);
      return notified(parts.get('event-number'), parts.get('focus'), parts.get('timestamp'));
    });
  const source = [status.get('topic') ?? null, status.get('subscription') ?? null];
  return { isAidbox: false, type: String(status.get('type')), source, events };
}

function valuesOf(parameters: readonly unknown[]): ReadonlyMap<string, unknown> {
  return new Map(
    parameters.filter(isRecord).map((each) => {
      const value = Object.entries(each).find(([key]) => key.startsWith('value'))?.[1];
      return [String(each.name), value] as const;
    }),
  );
}

function notified(eventNumber: unknown, focus: unknown, timestamp: unknown): Notified {
  const reference = isRecord(focus) ? focus.reference : null;
  const isNumber = typeof eventNumber === 'string' || typeof eventNumber === 'number';
  return {
    eventNumber: isNumber ? eventNumber : null,
    focus: typeof reference === 'string' ? reference : null,
    timestamp,
  };
}

function referenceOfEntry({ resource, fullUrl, request }: Entry): string | null {
  return (isRecord(resource) ? referenceOf(resource) : null) ?? tail(fullUrl) ?? tail(request?.url);
}

function referenceOf({ resourceType, id }: Resource): string | null {
  return tail(`${String(resourceType)}/${String(id)}`);
}

/** `Type/id` of an address that ends with one. */
function tail(address: unknown): string | null {
  const found = typeof address === 'string' ? REFERENCE.exec(address) : null;
  return found && `${found[1]}/${found[2]}`;
}

function stubOf(reference: string | null): Resource {
  const [resourceType, id] = reference?.split('/') ?? [];
  return id === undefined ? {} : { resourceType, id };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isEmpty(body: unknown): boolean {
  return isRecord(body) && Object.keys(body).length === 0;
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

function noResource(body: unknown): ApiError {
  const found = isRecord(body) ? 'an object without a resourceType' : Array.isArray(body) ? 'a list' : typeof body;
  const expected = 'a history bundle of events, or a resource';
  return new ApiError('BODY_INVALID', 'the body is not valid', { where: 'body', found, expected });
}

function notTheOne(): ApiError {
  const details = { where: 'body', found: 'another resource', expected: 'the resource that the path names' };
  return new ApiError('BODY_INVALID', 'the body is not valid', details);
}
