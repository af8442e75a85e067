/** What a request delivers: events, each with what makes it known again. */
import { createHash } from 'node:crypto';
import type { Trigger } from '../../registry/index.ts';
import { ApiError } from '../error.ts';
import { parseBody } from './body.ts';
import type { Posted } from './door.ts';
import { type Address, isReference, readEvents } from './events.ts';
import type { Proof } from './proof.ts';

/** A request to a webhook. */
export interface Incoming extends Posted {
  readonly trigger: string;
  readonly address: Address;
}

/** Events of one delivery, at most. */
const MOST_EVENTS = 500;

/** One event: its place, its id in the ledger, and what the mapping gets. */
export interface Event {
  readonly event: number;
  readonly id: string | null;
  readonly params: unknown;
}

/**
 * The events of a request. `key` is what `deliveryOf` gave. An event that a delivery holds twice is in it once. Throws
 * `BODY_INVALID`, `BODY_TOO_LARGE`.
 */
export function readDelivery(incoming: Incoming, trigger: Trigger, key: string | null): Event[] {
  const { raw, headers, address } = incoming;
  const head = { contentType: text(headers['content-type']), contentEncoding: text(headers['content-encoding']) };
  const body = parseBody(raw, head);
  if (trigger.type === 'webhook') return [ofAnySender(incoming, trigger, { body, key })];
  const found = readEvents(body, gone(address, headers));
  if (found.length > MOST_EVENTS) {
    const details = { where: 'body', found: `${found.length} events`, expected: `at most ${MOST_EVENTS}` };
    throw new ApiError('BODY_TOO_LARGE', 'the bundle holds too many events', details);
  }
  const events = found.map(({ resource, event, identity }, index) => {
    const own = identity === null ? key && `${key} ${index}` : `event ${identity}`;
    return { event: index, id: own && `${trigger.id}:${sha256(own)}`, params: { resource, event } };
  });
  return events.filter(({ id }, index) => id === null || events.findIndex((each) => each.id === id) === index);
}

function ofAnySender(
  { headers, address }: Incoming,
  { id, webhook }: Trigger,
  { body, key }: { readonly body: unknown; readonly key: string | null },
): Event {
  if (body === undefined || address.reference !== null) {
    throw new ApiError('BODY_INVALID', 'the body is not valid', { where: 'body', found: 'none', expected: 'JSON' });
  }
  const shown = (webhook?.headers ?? []).flatMap((name) => {
    const value = text(headers[name]);
    return value === undefined ? [] : [[name, value] as const];
  });
  return { event: 0, id: key && `${id}:${sha256(key)}`, params: { body, headers: Object.fromEntries(shown) } };
}

/** Medplum posts `{}` for a resource that was deleted, and names it in a header. */
function gone(address: Address, headers: Posted['headers']): Address {
  const named = text(headers['x-medplum-deleted-resource']);
  return address.reference === null && named !== undefined && isReference(named)
    ? { ...address, reference: named }
    : address;
}

/**
 * What makes a delivery one and the same: the sender's own id where the signature covers it, else its bytes. Null where nothing
 * does: a request without a body says only that there was something.
 */
export function deliveryOf(
  { trigger, address, raw }: Incoming,
  { webhook }: Trigger,
  { signed }: Proof,
): string | null {
  if (webhook === null) return null;
  const what = `${trigger} ${address.method} ${address.reference}`;
  if (webhook.signature === 'standard-webhooks') return `${what} id ${signed}`;
  const isOnce = webhook.repeats === 'once' && raw.length > 0;
  if (!isOnce && signed === null) return null;
  return `${what} ${isOnce ? 'body' : `signed ${signed}`} ${createHash('sha256').update(raw).digest('hex')}`;
}

function text(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

const sha256 = (value: string): string => createHash('sha256').update(value).digest('hex');
