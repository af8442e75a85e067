/** Gives every request its id, its line in the log, its figures and its span, and turns requests away from a host that stops. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Request, Server } from '@hapi/hapi';
import type { Logger } from 'pino';
import { ApiError } from '../error.ts';
import { scope } from '../log.ts';
import type { Meter } from '../metrics/meter.ts';
import { type Span, type Tracing, UNTRACED } from '../tracing/tracing.ts';
import { callerOf } from './caller.ts';

/** How a host is looked after. */
export interface Operations {
  readonly meter: Meter;
  readonly tracing: Tracing;
  /** Aborted when the host is told to stop: what is open longer than a moment ends then. */
  readonly stopping: AbortSignal;
}

declare module '@hapi/hapi' {
  interface RequestApplicationState {
    /** In the header `x-request-id`, in every error and in the log. */
    requestId: string;
    /** Of `performance.now`. */
    since: number;
    /** Code of the error that it was answered with. */
    code?: string;
  }
}

/** Asked for again and again, by programs, and by those who must still be answered while the host stops. */
const OPERATIONS = new Set(['/health', '/ready', '/metrics']);
/** What a request id of the caller's may be; any other is replaced. */
const ID = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** No answer was sent: the caller had hung up. */
const HUNG_UP = 499;

/** Watches every request of a server. Call it after what answers errors. */
export function watchRequests(server: Server, log: Logger, operations: Operations | null): void {
  const tracing = operations?.tracing ?? UNTRACED;
  const spans = new WeakMap<IncomingMessage, Span>();
  // Before hapi's own listener: what it starts for the request belongs to it.
  server.listener.prependListener('request', (incoming: IncomingMessage) => {
    scope.enterWith({ requestId: requestIdOf(incoming.headers['x-request-id']) });
    if (!tracing.isOn || OPERATIONS.has(incoming.url ?? '')) return;
    const { traceparent } = incoming.headers;
    const parent = typeof traceparent === 'string' ? traceparent : null;
    const span = tracing.begin(`${incoming.method}`, { kind: 'server', parent });
    spans.set(incoming, span);
    tracing.enter(span);
  });
  server.ext('onRequest', (request, h) => {
    request.app.requestId = scope.getStore()?.requestId ?? requestIdOf(request.headers['x-request-id']);
    request.app.since = performance.now();
    if (operations?.stopping.aborted && !OPERATIONS.has(request.path)) {
      throw new ApiError('STOPPING', 'this host is being stopped: ask again');
    }
    return h.continue;
  });
  server.ext('onPreResponse', (request, h) => {
    const { response } = request;
    if (response instanceof Error) return h.continue;
    response.header('x-request-id', request.app.requestId);
    if (operations?.stopping.aborted) response.header('connection', 'close');
    return h.continue;
  });
  server.events.on('response', (request) => {
    const seen = seenOf(request);
    const level = OPERATIONS.has(seen.path) ? 'debug' : 'info';
    log[level](seen, 'request');
    operations?.meter.request(seen.operation, seen.status, seen.ms / 1000);
    const span = spans.get(request.raw.req);
    if (span) endSpan(span, seen);
  });
}

function requestIdOf(given: unknown): string {
  return typeof given === 'string' && ID.test(given) ? given : randomUUID();
}

/** What is told of a request: nothing that its sender wrote, but for ids that are well-formed. */
function seenOf(request: Request) {
  const { app, info, route, raw, params } = request;
  const caller = callerOf(request);
  const { operation } = (route.settings.plugins as { cloister?: { operation?: string } }).cloister ?? {};
  const runId = runIdOf(params?.runId) ?? runIdOf(answerOf(request)?.runId);
  return {
    requestId: app.requestId,
    method: request.method.toUpperCase(),
    path: route.path,
    operation: operation ?? 'none',
    status: info.responded === 0 ? HUNG_UP : raw.res.statusCode,
    ms: Math.round((performance.now() - app.since) * 10) / 10,
    ...(app.code !== undefined && { code: app.code }),
    ...(caller !== null && { caller: caller.name, tenant: caller.tenant }),
    ...(runId !== null && { runId }),
  };
}

function answerOf({ response }: Request): { readonly runId?: unknown } | null {
  if (response === null || response instanceof Error) return null;
  const { source } = response as { source?: unknown };
  return typeof source === 'object' ? source : null;
}

const runIdOf = (id: unknown): string | null => (typeof id === 'string' && UUID.test(id) ? id : null);

function endSpan(span: Span, { method, path, operation, status, code, requestId }: ReturnType<typeof seenOf>): void {
  span.rename(`${method} ${path}`);
  span.set({
    'http.request.method': method,
    'http.route': path,
    'http.response.status_code': status,
    'cloister.operation': operation,
    'cloister.request_id': requestId,
  });
  if (status >= 500) span.fail(code ?? 'INTERNAL');
  span.end();
}
