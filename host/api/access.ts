/**
 * Who may call the API. Every route asks for a caller unless it says otherwise; nothing is open by omission. First the caller
 * is known (401), then counted (429), then judged by what the endpoint asks for (403), all before a body is read.
 */
import type { Request, Server } from '@hapi/hapi';
import { isJwt, type Jwt } from '../access/jwt.ts';
import { isKeyText, type Keys } from '../access/keys.ts';
import type { Counted, Limits } from '../access/limits.ts';
import { isNear } from '../access/near.ts';
import { isSame } from '../access/same.ts';
import { ApiError } from '../error.ts';
import { type Caller, callerOf, refusalOf } from './caller.ts';
import type { AccessRule } from './endpoint.ts';

/**
 * The ways to be known. `loopback`: a development host, whose callers of this machine need nothing. `token`: everybody shows a
 * bearer token. A token may be any of those that are given.
 */
export interface Access {
  readonly kind: 'loopback' | 'token';
  /** The administrator's. */
  readonly token?: string | null;
  /** Opens paths below `/workers`, and nothing else. */
  readonly workersToken?: string | null;
  /** Paths below `/workers` are open to programs of this machine and of private networks, as builders call them. */
  readonly openWorkers?: boolean;
  readonly keys?: Keys | null;
  readonly jwt?: Jwt | null;
}

/** What a route says of itself to those who judge its callers. */
export interface RouteRule {
  readonly access: AccessRule;
  readonly operation?: string;
  readonly starts?: boolean;
  readonly relays?: boolean;
}

const WORKERS = '/workers';
/** Who calls `/workers` without a token, where that is open. */
const BUILDER: Caller = {
  kind: 'near',
  name: 'builder',
  role: 'operator',
  scopes: null,
  tenant: null,
  within: WORKERS,
};
const LOOPBACK_ADDRESSES = new Set(['127.0.0.1', '::1', 'localhost']);
const LOOPBACK_NAMES = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Makes `caller` the default strategy of every route. Refuses an empty token, access that nobody has, and loopback access
 * where others listen in. `limits` null: nobody is counted.
 */
export function authenticate(server: Server, access: Access, address: string, limits: Limits | null): void {
  checkAccess(access, address);
  server.auth.scheme('caller', () => ({
    authenticate: async (request, h) => {
      const caller = (await callerBy(request, access, limits)) ?? (await refuse(request, limits));
      return h.authenticated({ credentials: { user: caller as never } });
    },
  }));
  server.auth.strategy('caller', 'caller');
  server.auth.default('caller');
  // Also for callers that another endpoint has vouched for.
  server.ext('onCredentials', async (request, h) => {
    const caller = callerOf(request);
    if (caller === null) return h.continue;
    const rule = ruleOf(request);
    const waitMs = (await limits?.take(countedAs(request, rule), caller)) ?? 0;
    if (waitMs > 0) throw tooOften(request, waitMs);
    judge(request, caller, rule);
    return h.continue;
  });
}

/** Adds `Retry-After` to the refusals of this file; after whatever else forms answers. */
export function tellWhen(server: Server): void {
  server.ext('onPreResponse', (request, h) => {
    const { retryAfterMs } = noted(request);
    const { response } = request;
    if (retryAfterMs === undefined || response instanceof Error || response.statusCode !== 429) return h.continue;
    response.header('retry-after', String(Math.ceil(retryAfterMs / 1000)));
    return h.continue;
  });
}

/** What the route of a request says of itself; undefined when it was not declared as an endpoint. */
export function ruleOf({ route }: Request): RouteRule | undefined {
  return (route.settings.plugins as { cloister?: RouteRule }).cloister;
}

function checkAccess({ kind, token, keys, jwt, workersToken }: Access, address: string): void {
  if (token?.trim() === '' || workersToken?.trim() === '') throw new Error('an empty API token opens nothing');
  if (kind === 'token' && !token && !keys && !jwt) throw new Error('no token, keys or JWTs: nobody could call the API');
  if (kind === 'loopback' && !LOOPBACK_ADDRESSES.has(address)) {
    throw new Error(`without a token the API listens on loopback only, found address ${address}`);
  }
}

async function callerBy(request: Request, access: Access, limits: Limits | null): Promise<Caller | null> {
  const { authorization = '' } = request.headers;
  const given = /^Bearer (\S+)$/i.exec(String(authorization))?.[1];
  if (given === undefined) {
    // What was meant for a token and is none is a wrong one.
    if (/^Bearer\b/i.test(String(authorization))) return null;
    if (access.kind === 'loopback' && isLocal(request))
      return { kind: 'loopback', name: 'developer', role: 'admin', scopes: null, tenant: null };
    return access.openWorkers && isBelow(request, WORKERS) && isNear(request) ? BUILDER : null;
  }
  // A sender's proof, which its endpoint judges: nobody counts these, so they must not cost a look each for a key.
  if (ruleOf(request)?.access === 'signed') return null;
  const { token, workersToken, keys, jwt } = access;
  const admin = { kind: 'token', role: 'admin', scopes: null, tenant: null } as const;
  if (token && isSame(given, token)) return { ...admin, name: 'administrator' };
  if (workersToken && isSame(given, workersToken)) return { ...admin, name: 'workers', within: WORKERS };
  if (keys && isKeyText(given)) {
    // Guesses of an address must not cost the database a look each; keys that were seen before go on working from there.
    const isSpent = (await limits?.isSpent(request.info.remoteAddress)) ?? false;
    return isSpent && !keys.remembers(given) ? null : keys.callerOf(given);
  }
  return jwt && isJwt(given) ? jwt.callerOf(given) : null;
}

/**
 * Counted is who shows a token that is not good: whoever shows none has guessed nothing, as the probe of a load balancer, whose
 * address all callers share. Senders of signed endpoints prove themselves otherwise.
 */
async function refuse(request: Request, limits: Limits | null): Promise<never> {
  const isGuess = request.headers.authorization !== undefined && ruleOf(request)?.access !== 'signed';
  const waitMs = isGuess ? ((await limits?.fail(request.info.remoteAddress)) ?? 0) : 0;
  if (waitMs > 0) throw tooOften(request, waitMs);
  throw new ApiError('UNAUTHORIZED', 'a valid bearer token is needed');
}

function judge({ route }: Request, caller: Caller, rule: RouteRule | undefined): void {
  // A route that was not declared as an endpoint is nobody's.
  if (rule === undefined) throw new ApiError('FORBIDDEN', 'nobody may do this');
  if (typeof rule.access === 'string') return;
  if (caller.within !== undefined && !isBelow({ route }, caller.within)) {
    throw new ApiError('FORBIDDEN', `this token is for ${caller.within} only`);
  }
  const refusal = refusalOf(caller, rule.access);
  if (refusal !== null) throw new ApiError('FORBIDDEN', refusal);
}

/** By the route, not by how the path is written. */
function isBelow({ route }: Pick<Request, 'route'>, path: string): boolean {
  return `${route.path}/`.startsWith(`${path}/`);
}

/** By the route's method: a HEAD is answered by that of GET. */
function countedAs({ route }: Request, rule: RouteRule | undefined): Counted {
  if (rule?.starts) return 'starts';
  return route.method === 'get' ? 'reads' : 'writes';
}

function tooOften(request: Request, waitMs: number): ApiError {
  noted(request).retryAfterMs = waitMs;
  return new ApiError('RATE_LIMITED', 'too many calls; try again after the time of Retry-After');
}

/** What is kept with a request until it is answered. */
function noted(request: Request): { retryAfterMs?: number } {
  const plugins = request.plugins as { access?: { retryAfterMs?: number } };
  plugins.access ??= {};
  return plugins.access;
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
