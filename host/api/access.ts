/** Who may call the API. Every route asks for a caller unless it says otherwise; nothing is open by omission. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Request, Server } from '@hapi/hapi';
import { ApiError } from '../error.ts';
import { type Caller, refusalOf } from './caller.ts';
import type { AccessRule } from './endpoint.ts';

/** `loopback`: a development host, callers of this machine only. `token`: an administrator's bearer token. */
export type Access = { readonly kind: 'loopback' } | { readonly kind: 'token'; readonly token: string };

const LOOPBACK_ADDRESSES = new Set(['127.0.0.1', '::1', 'localhost']);
const LOOPBACK_NAMES = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Makes `caller` the default strategy of every route. Refuses an empty token, and loopback access where others listen in. */
export function authenticate(server: Server, access: Access, address: string): void {
  if (access.kind === 'token' && access.token.trim() === '') throw new Error('an empty API token opens nothing');
  if (access.kind === 'loopback' && !LOOPBACK_ADDRESSES.has(address)) {
    throw new Error(`without a token the API listens on loopback only, found address ${address}`);
  }
  server.auth.scheme('caller', () => ({
    authenticate: (request, h) => {
      const caller = callerBy(request, access);
      if (caller === null) throw new ApiError('UNAUTHORIZED', 'a valid bearer token is needed');
      const rule = (request.route.settings.plugins as { cloister?: { access: AccessRule } }).cloister?.access;
      // A route that was not declared as an endpoint is nobody's.
      if (rule === undefined) throw new ApiError('FORBIDDEN', 'nobody may do this');
      const refusal = typeof rule === 'string' ? null : refusalOf(caller, rule);
      if (refusal !== null) throw new ApiError('FORBIDDEN', refusal);
      return h.authenticated({ credentials: { user: caller as never } });
    },
  }));
  server.auth.strategy('caller', 'caller');
  server.auth.default('caller');
}

function callerBy(request: Request, access: Access): Caller | null {
  if (access.kind === 'token') {
    if (!hasToken(request, access.token)) return null;
    return { kind: 'token', name: 'administrator', role: 'admin', scopes: null, tenant: null };
  }
  if (!isLocal(request)) return null;
  return { kind: 'loopback', name: 'developer', role: 'admin', scopes: null, tenant: null };
}

function hasToken(request: Request, token: string): boolean {
  const given = /^Bearer (\S+)$/i.exec(String(request.headers.authorization ?? ''))?.[1] ?? '';
  // Digests have one length, so that the comparison tells nothing about the token's.
  return timingSafeEqual(sha256(given), sha256(token));
}

/**
 * A browser page may reach a loopback port by a rebound name, or post to it blindly. The first shows in `Host`, the second in
 * `Origin`.
 */
function isLocal(request: Request): boolean {
  const name = request.info.host.replace(/:\d+$/, '').toLowerCase();
  if (!LOOPBACK_NAMES.has(name)) return false;
  const { origin } = request.headers;
  return origin === undefined || origin === `http://${request.info.host}`;
}

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();
