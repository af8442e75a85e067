/** `/keys`: API keys, shown once when they are made. */
import { z } from 'zod';
import { type ApiKey, parseDuration } from '../../registry/index.ts';
import type { MadeKey } from '../access/keys.ts';
import { isTenant } from '../tenants.ts';
import { regarding } from './audit.ts';
import { type Caller, ROLES, SCOPES } from './caller.ts';
import { type Call, endpoint, need } from './endpoint.ts';
import { cursorAfter, NEXT_CURSOR, PAGE_QUERY, pageOf } from './page.ts';

/** An id of a tenant in a body. */
export const TENANT = z
  .string()
  .refine(isTenant, 'expected the id of an Organization: 1 to 64 letters, digits, "-" or "."')
  .meta({ examples: ['org-1'] });

/** A name for people. */
export const NAME = z
  .string({ error: 'expected a name' })
  .min(1, 'expected a name')
  .max(100, 'expected at most 100 characters')
  .refine((text) => !/\p{C}|\p{Zl}|\p{Zp}/u.test(text), 'expected text in one line, without control characters');

const LATER = z.iso
  .datetime({ offset: true, error: 'expected a time, ISO 8601' })
  .refine((text) => Date.parse(text) > Date.now(), 'expected a time to come')
  .transform((text) => new Date(text).toISOString());
const LONGEST_OVERLAP_MS = 30 * 24 * 60 * 60 * 1000;
const OVERLAP = z
  .string()
  .refine(
    (text) => (parseDuration(text) ?? Number.NaN) <= LONGEST_OVERLAP_MS,
    'expected a time such as 1h, at most 720h',
  );

const VIEW = z.object({
  id: z.string(),
  prefix: z.string().meta({ description: 'By which people tell keys apart; no secret.' }),
  name: z.string(),
  role: z.string(),
  scopes: z.array(z.string()).nullable().meta({ description: 'Null: everything that the role may do.' }),
  tenant: z.string().nullable().meta({ description: "Null: a key of the host's own." }),
  status: z.enum(['active', 'expired', 'revoked']),
  createdAt: z.string(),
  createdBy: z.string(),
  expiresAt: z.string().nullable(),
  revokedAt: z.string().nullable(),
  lastUsedAt: z.string().nullable().meta({ description: 'Within a minute.' }),
  replacedBy: z.string().nullable(),
});
const KEY = VIEW.meta({ id: 'ApiKey' });
const MADE = VIEW.extend({
  key: z.string().meta({ description: 'The key itself. It is shown here and never again.' }),
}).meta({ id: 'MadeApiKey' });

const READS = { role: 'admin', scope: 'access:read', tenants: 'own' } as const;
const WRITES = { role: 'admin', scope: 'access:write', tenants: 'own' } as const;

/** Endpoints about API keys. */
export const keyEndpoints = [
  endpoint({
    method: 'GET',
    path: '/keys',
    operation: 'list-keys',
    tag: 'access',
    summary: 'API keys, newest first, those that ended too.',
    access: READS,
    query: z.object(PAGE_QUERY),
    answers: {
      200: { description: 'A page of keys.', schema: z.object({ keys: z.array(KEY), nextCursor: NEXT_CURSOR }) },
    },
    handler: async ({ caller, query }, { keys }) => {
      const found = await need(keys, 'database').list(known(caller), pageOf(query));
      const places = found.map(({ createdAt: time, id }) => ({ time, id }));
      return { keys: found.map(toView), nextCursor: cursorAfter(places, query.limit) };
    },
  }),
  endpoint({
    method: 'POST',
    path: '/keys',
    operation: 'create-key',
    tag: 'access',
    summary: 'Makes an API key, with no more rights than its maker has.',
    access: WRITES,
    body: z.strictObject({
      name: NAME.meta({ examples: ['nightly import'] }),
      role: z.enum(ROLES, { error: `expected one of ${ROLES.join(', ')}` }),
      scopes: z
        .array(z.enum(SCOPES, { error: `expected scopes: ${SCOPES.join(', ')}` }))
        .max(SCOPES.length)
        .nullable()
        .optional()
        .meta({ description: 'Null: everything that the role may do. Absent: those of the maker.' }),
      tenant: TENANT.nullable()
        .optional()
        .meta({ description: "Null: a key of the host's own. Absent: that of the maker." }),
      expiresAt: LATER.nullable()
        .optional()
        .meta({ description: 'Null or absent: never, or with the key of its maker.' }),
    }),
    answers: { 201: { description: 'The key, with its text.', schema: MADE } },
    handler: async (call, { keys }) => {
      const { name, role, scopes, tenant, expiresAt = null } = call.body;
      const wanted = {
        name,
        role,
        expiresAt,
        ...(scopes !== undefined && { scopes }),
        ...(tenant !== undefined && { tenant }),
      };
      return answerOf(call, await need(keys, 'database').make(known(call.caller), wanted));
    },
  }),
  endpoint({
    method: 'GET',
    path: '/keys/{id}',
    operation: 'get-key',
    tag: 'access',
    summary: 'One API key.',
    access: READS,
    errors: ['KEY_NOT_FOUND'],
    answers: { 200: { description: 'The key, without its text.', schema: KEY } },
    handler: async ({ caller, params }, { keys }) =>
      toView(await need(keys, 'database').get(known(caller), String(params.id))),
  }),
  endpoint({
    method: 'POST',
    path: '/keys/{id}/rotate',
    operation: 'rotate-key',
    tag: 'access',
    summary: 'A new key in the place of another, which ends at once or after an overlap.',
    access: WRITES,
    errors: ['KEY_NOT_FOUND', 'KEY_ENDED'],
    body: z.strictObject({
      overlap: OVERLAP.optional().meta({
        description: 'How long the old key stays good. Absent: it ends at once.',
        examples: ['24h'],
      }),
      expiresAt: LATER.nullable().optional().meta({ description: 'End of the new key. Absent: that of the old one.' }),
    }),
    answers: { 201: { description: 'The new key, with its text.', schema: MADE } },
    handler: async (call, { keys }) => {
      const { overlap, expiresAt } = call.body;
      const rotation = {
        overlapMs: overlap === undefined ? 0 : (parseDuration(overlap) ?? 0),
        ...(expiresAt !== undefined && { expiresAt }),
      };
      const made = await need(keys, 'database').rotate(known(call.caller), String(call.params.id), rotation);
      return answerOf(call, made);
    },
  }),
  endpoint({
    method: 'DELETE',
    path: '/keys/{id}',
    operation: 'revoke-key',
    tag: 'access',
    summary: 'Ends an API key; other hosts notice within a second or so.',
    access: WRITES,
    errors: ['KEY_NOT_FOUND'],
    answers: { 200: { description: 'The key, revoked.', schema: KEY } },
    handler: async ({ caller, params, request }, { keys }) => {
      const revoked = await need(keys, 'database').revoke(known(caller), String(params.id));
      regarding(request, { tenant: revoked.tenant });
      return toView(revoked);
    },
  }),
];

/** Of endpoints that are not open there is always a caller. */
function known(caller: Caller | null): Caller {
  if (caller === null) throw new Error('an endpoint of keys was called by nobody');
  return caller;
}

function answerOf({ h, request }: Pick<Call, 'h' | 'request'>, { key, text }: MadeKey) {
  regarding(request, { tenant: key.tenant, target: { made: key.id, name: key.name } });
  return h.response({ ...toView(key), key: text }).code(201);
}

function toView({ scopes, ...key }: ApiKey) {
  return { ...key, scopes: scopes === null ? null : [...scopes], status: statusOf({ ...key, scopes }) };
}

function statusOf({ revokedAt, expiresAt }: ApiKey): 'active' | 'expired' | 'revoked' {
  if (revokedAt !== null) return 'revoked';
  return expiresAt !== null && Date.parse(expiresAt) <= Date.now() ? 'expired' : 'active';
}
