/** `/triggers/{triggerId}/webhook`: where senders post events. */
import type { Request } from '@hapi/hapi';
import { z } from 'zod';
import { ApiError } from '../error.ts';
import type { Incoming, Received } from '../webhooks/index.ts';
import { type Call, endpoint, need } from './endpoint.ts';
import type { ApiParts } from './server.ts';

/** Bytes of one delivery. */
const BODY_MAX_BYTES = 1024 * 1024;

/** Signatures are over the raw bytes; what they hold is parsed when the sender is known. */
const OPTIONS = {
  // The server's own rule about types of bodies would refuse FHIR's, and a body that there is none of.
  payload: { parse: false, output: 'data', override: 'application/json', maxBytes: BODY_MAX_BYTES, timeout: 10_000 },
  // Mappings may take 20 s together, beside compiling and starting.
  timeout: { server: 60_000 },
} as const;

const received = z.strictObject({
  received: z.int().meta({ description: 'Events in the delivery.' }),
  started: z.array(z.strictObject({ workflowId: z.string(), runId: z.string() })),
  deduplicated: z.array(z.string()).meta({ description: 'Workflow ids under which a run was running.' }),
  ignored: z.int().meta({ description: 'Events whose mapping returned nothing.' }),
  rejected: z.array(z.strictObject({ event: z.int(), code: z.string(), message: z.string() })),
  repeated: z.int().meta({ description: 'Events that had been delivered before; their runs are among the started.' }),
});

/** What proves a sender; which of it, the trigger's definition says. Beside these, a bearer token. */
const HEADERS = {
  'cloister-signature': '`t=<seconds>,v1=<hex>`: HMAC-SHA256 of the time, a dot and the raw body.',
  'webhook-id': 'Of Standard Webhooks, as are `webhook-timestamp` and `webhook-signature`.',
  'webhook-timestamp': 'Seconds since 1970.',
  'webhook-signature': '`v1,<base64>`, several with blanks between.',
  'x-webhook-secret': 'A shared secret.',
};

/** FHIR clients, which put and delete, expect FHIR in return. */
const outcome = z.strictObject({
  resourceType: z.literal('OperationOutcome'),
  issue: z.array(z.strictObject({ severity: z.string(), code: z.string(), diagnostics: z.string() })),
});

const TAKEN = { description: 'What the delivery led to.', schema: received };
const OUTCOME = { description: 'What the delivery led to.', schema: outcome, contentType: 'application/fhir+json' };

/** Endpoints for senders of events. */
export const webhookEndpoints = [
  endpoint({
    method: 'POST',
    path: '/triggers/{triggerId}/webhook',
    operation: 'trigger-webhook',
    tag: 'triggers',
    summary: 'Takes events: a FHIR bundle or resource for a subscription, any JSON for a webhook.',
    access: 'signed',
    answers: { 200: TAKEN },
    headers: HEADERS,
    options: OPTIONS,
    handler: (call, { webhooks }) => receive(webhooks, call, 'POST', null),
  }),
  endpoint({
    method: 'PUT',
    path: '/triggers/{triggerId}/webhook/{type}/{id}',
    operation: 'trigger-webhook-put',
    tag: 'triggers',
    summary: 'Takes one resource, as R4 servers such as HAPI send what was created or updated.',
    access: 'signed',
    answers: { 200: OUTCOME },
    headers: HEADERS,
    options: OPTIONS,
    handler: async (call, { webhooks }) => asOutcome(call, await receive(webhooks, call, 'PUT', referenceOf(call))),
  }),
  endpoint({
    method: 'DELETE',
    path: '/triggers/{triggerId}/webhook/{type}/{id}',
    operation: 'trigger-webhook-delete',
    tag: 'triggers',
    summary: 'Takes the deletion of one resource.',
    access: 'signed',
    answers: { 200: OUTCOME },
    headers: HEADERS,
    options: OPTIONS,
    handler: async (call, { webhooks }) => asOutcome(call, await receive(webhooks, call, 'DELETE', referenceOf(call))),
  }),
];

function receive(
  webhooks: ApiParts['webhooks'],
  { request, caller, params }: Call,
  method: Incoming['address']['method'],
  reference: string | null,
): Promise<Received> {
  return need(webhooks, 'webhooks').receive({
    trigger: String(params.triggerId),
    address: { method, reference },
    headers: request.headers as Incoming['headers'],
    raw: bytesOf(request),
    // Made by the access check for the machine of a development host alone.
    isLocal: caller?.kind === 'loopback',
  });
}

function bytesOf({ payload }: Request): Buffer {
  return Buffer.isBuffer(payload) ? payload : Buffer.alloc(0);
}

function referenceOf({ params: { type = '', id = '' } }: Call): string {
  if (/^[A-Z][A-Za-z]{0,63}$/.test(type) && /^[A-Za-z0-9.-]{1,64}$/.test(id)) return `${type}/${id}`;
  throw new ApiError('NOT_FOUND', 'there is no such path', {
    where: 'path',
    expected: 'the type and id of a resource',
  });
}

function asOutcome({ h }: Call, { started, deduplicated, ignored, rejected }: Received) {
  const diagnostics = `started ${started.length}, deduplicated ${deduplicated.length}, ignored ${ignored}, rejected ${rejected.length}`;
  const issue = [{ severity: 'information', code: 'informational', diagnostics }];
  return h.response({ resourceType: 'OperationOutcome', issue }).type('application/fhir+json');
}
