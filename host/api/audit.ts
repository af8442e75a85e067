/** The audit of the API: what callers change, or try to, and `GET /audit`. */
import type { Request, Server } from '@hapi/hapi';
import { z } from 'zod';
import { AUDIT_KINDS, type AuditRecord } from '../../registry/index.ts';
import type { Audited } from '../audit.ts';
import { ruleOf } from './access.ts';
import { type Caller, callerOf } from './caller.ts';
import { endpoint, need } from './endpoint.ts';
import { cursorAfter, NEXT_CURSOR, PAGE_QUERY, pageOf } from './page.ts';
import type { Write } from './server.ts';

const TIME = z.iso.datetime({ offset: true, error: 'expected a time, ISO 8601' });
const LAST_MS = Date.parse('9999-12-31T23:59:59.999Z');
const NULLABLE = z.string().nullable();

const EVENT = z
  .object({
    id: z.string(),
    time: z.string(),
    kind: z.enum(AUDIT_KINDS),
    actor: NULLABLE.meta({ description: 'Who did it, where a person or a program with a token did.' }),
    actorKind: NULLABLE.meta({ description: 'How that one was known: key, jwt, token, app, loopback.' }),
    operation: z.string().meta({ description: 'Of the API, or the capability that was refused.' }),
    outcome: z.string().meta({ description: '`OK`, or the code of the error.' }),
    target: z.record(z.string(), z.string()).nullable().meta({ description: 'What it was about, by name.' }),
    tenant: NULLABLE,
    runId: NULLABLE,
    workflow: NULLABLE,
    activity: NULLABLE,
    digest: NULLABLE,
    requestId: NULLABLE,
  })
  .meta({ id: 'AuditEvent' });

/** Endpoints about the audit. */
export const auditEndpoints = [
  endpoint({
    method: 'GET',
    path: '/audit',
    operation: 'list-audit',
    tag: 'access',
    summary: 'What was changed, refused and stopped, newest first.',
    access: { role: 'admin', scope: 'access:read', tenants: 'own' },
    query: z.object({
      ...PAGE_QUERY,
      tenant: z.string().max(64).optional(),
      kind: z.enum(AUDIT_KINDS, { error: `expected one of ${AUDIT_KINDS.join(', ')}` }).optional(),
      actor: z.string().max(300).optional(),
      from: TIME.optional().meta({ description: 'The first time that counts.' }),
      to: TIME.optional().meta({ description: 'The first time that does not.' }),
    }),
    answers: {
      200: { description: 'A page of events.', schema: z.object({ events: z.array(EVENT), nextCursor: NEXT_CURSOR }) },
    },
    handler: async ({ caller, query }, { rows }) => {
      const { tenant, kind, actor, from, to, limit } = query;
      const own = caller?.tenant ?? null;
      // Of another tenant there is as much to see as of one that does not exist.
      if (own !== null && tenant !== undefined && tenant !== own) return { events: [], nextCursor: null };
      const bound = own ?? tenant;
      const events = await need(rows, 'database').listAudit({
        ...pageOf(query),
        ...(bound !== undefined && { tenant: bound }),
        ...(kind !== undefined && { kind }),
        ...(actor !== undefined && { actor }),
        ...(from !== undefined && { from: known(from) }),
        ...(to !== undefined && { to: known(to) }),
      });
      return { events: events.map(toView), nextCursor: cursorAfter(events, limit) };
    },
  }),
];

/** A time that the database can tell from others: PostgreSQL knows no year 0, and writes those after 9999 in another way. */
const known = (time: string): string => new Date(Math.min(Math.max(Date.parse(time), 0), LAST_MS)).toISOString();

/** What an event is about, where the path does not say it: noted by the handler that knows. No secret, no person's data. */
export interface Regarding {
  /** The tenant that it is about; absent: that of the caller. */
  readonly tenant?: string | null;
  readonly target?: Readonly<Record<string, string>>;
}

/** Notes what a call is about, for its event. */
export function regarding(request: Request, about: Regarding): void {
  const plugins = request.plugins as { audit?: Regarding };
  plugins.audit = { ...plugins.audit, ...about };
}

/** The event of a call. */
export function writeEvent({ operation, caller, request, code }: Write): Audited {
  const { tenant, target } = (request.plugins as { audit?: Regarding }).audit ?? {};
  return {
    kind: 'write',
    tenant: tenant === undefined ? (caller?.tenant ?? null) : tenant,
    ...NO_RUN,
    code,
    method: operation,
    ...(caller && actorOf(caller)),
    target: { ...paramsOf(request), ...target },
    ...(request.app.requestId !== undefined && { requestId: request.app.requestId }),
  };
}

const NO_RUN = { runId: '', workflow: '', activity: '', digest: '' };
const LONGEST = 200;
/** What was refused, and what failed in a way that may have left something changed. */
const TOLD = new Set([401, 403, 409, 500, 502, 503]);

/** Strangers that are told of in a minute. */
const MOST_STRANGERS = 100;
const MINUTE_MS = 60_000;

/**
 * Tells of calls of endpoints that write and that were refused, or failed. A request that was malformed changed nothing. Of strangers
 * it tells of the first hundred in a minute: who has no token at all could fill the table, and crowd out what others did. Every
 * request stands in the host's log.
 */
export function tellRefusals(server: Server, written: (write: Write) => void): void {
  let window = { since: Number.NEGATIVE_INFINITY, told: 0 };
  const isTooMany = (): boolean => {
    const now = performance.now();
    if (now - window.since >= MINUTE_MS) window = { since: now, told: 0 };
    window.told++;
    return window.told > MOST_STRANGERS;
  };
  server.ext('onPreResponse', (request, h) => {
    const { response, route } = request;
    const rule = ruleOf(request);
    if (response instanceof Error || route.method === 'get' || rule?.operation === undefined || rule.relays)
      return h.continue;
    if (!TOLD.has(response.statusCode)) return h.continue;
    const isStranger = callerOf(request) === null && rule.access !== 'signed';
    if ((isStranger || response.statusCode === 401) && isTooMany()) return h.continue;
    const { code } = (response.source ?? {}) as { code?: unknown };
    const { operation } = rule;
    written({ operation, caller: callerOf(request), request, code: String(code ?? response.statusCode) });
    return h.continue;
  });
}

function actorOf({ name, kind }: Caller): Pick<Audited, 'actor' | 'actorKind'> {
  return { actor: name, actorKind: kind };
}

function paramsOf({ params }: Request): Record<string, string> {
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [name, String(value).slice(0, LONGEST)]));
}

function toView({ method, code, runId, workflow, activity, digest, ...event }: AuditRecord) {
  return {
    ...event,
    operation: method,
    outcome: code,
    runId: runId || null,
    workflow: workflow || null,
    activity: activity || null,
    digest: digest || null,
  };
}
