import { SignJWT } from 'jose';
import { request as send } from 'undici';
import { type Capability, CapabilityError, type RunContext } from './capability.ts';
import { type DbAnswer, screen, unavailable } from './db/answer.ts';
import { probeTables } from './db/probe.ts';
import { parseRequest } from './db/request.ts';
import { readBody } from './http/body.ts';
import { Pools } from './http/pools.ts';
import { within } from './http/within.ts';

/** What `createDbCapability` needs. */
export interface DbOptions {
  /** Of Supabase, such as `http://127.0.0.1:54321`; requests go to `/rest/v1/…` below it. */
  readonly url: string;
  /** The publishable key (role anon). The service role's key does not belong here, and is refused. */
  readonly apikey: string;
  /** HS256 secret of the tenants' tokens, at least 32 characters; or `signToken` makes them. */
  readonly jwtSecret?: string;
  /** A token with role `authenticated` and the claim `tenant_id`, valid for a minute. */
  readonly signToken?: (tenant: string) => Promise<string>;
  /** Milliseconds of one request; default 10 s. */
  readonly timeoutMs?: number;
  /** Bytes of one request's body, and of its answer's; default 1 MiB each. */
  readonly maxBytes?: number;
  /** Rows of one read; like the server's own maximum it shortens the answer silently. Default 1,000. */
  readonly maxRows?: number;
  /** Requests of one tenant that may be open at once; default 80, what 8 runs with 10 calls each need. */
  readonly inFlight?: number;
}

/** Sockets per tenant. The database serves few at once, and one tenant must not hold them all. */
const CONNECTIONS = 4;

/**
 * The capability `db`: `db.request {target: {table} | {fn}, method, query: [[key, value]…], headers, body}` →
 * `{status, statusText, headers, body}`. The query builder runs in the guest; the host adds address, key and a token that
 * names the tenant. The wall between tenants is row-level security in the database.
 *
 * A query the database refuses is an answer (4xx); a database out of order is `UNAVAILABLE`. Throws a TypeError for options
 * that could not be safe.
 */
export function createDbCapability(options: DbOptions): Capability {
  const { url, apikey, timeoutMs = 10_000, maxBytes = 2 ** 20, maxRows = 1_000, inFlight = 80 } = options;
  const base = new URL(`${url.replace(/\/+$/, '')}/rest/v1/`);
  const sign = signer(options);
  refuseServiceRole(apikey);
  const pools = new Pools({ connections: CONNECTIONS, inFlight, timeoutMs });

  const call = async (args: unknown, context: RunContext): Promise<DbAnswer> => {
    const tenant = checkCaller(context);
    const request = parseRequest(args, context.grants.db, { maxBytes, maxRows });
    const token = await sign(tenant);
    const left = Math.min(timeoutMs, context.deadline - Date.now());
    if (left <= 0) throw unavailable();
    const signal = AbortSignal.any([context.signal, AbortSignal.timeout(left)]);
    return pools.use(tenant, '', noConnector, async (dispatcher) => {
      const target = Object.assign(new URL(request.path, base), { search: request.query.toString() });
      const headers = { ...request.headers, apikey, authorization: `Bearer ${token}`, 'accept-encoding': 'identity' };
      try {
        const { method, body: sent = null } = request;
        const answer = await within(send(target, { method, headers, body: sent, dispatcher, signal }), signal);
        const body = await readBody(answer.body, undefined, maxBytes);
        const { statusCode: status, statusText, headers: received } = answer;
        return screen({ status, statusText, headers: received, body: body.toString('utf8') });
      } catch (error) {
        throw error instanceof CapabilityError ? error : unavailable();
      }
    });
  };
  return { methods: new Map([['db.request', call]]), close: () => pools.close() };
}

/**
 * Whether the database behind these options keeps tenants apart, asked as scripts would reach it: what is unsafe or missing, a
 * sentence each. Leaves nothing behind. Throws as `createDbCapability` does.
 */
export async function probeDatabase(options: DbOptions): Promise<readonly string[]> {
  const capability = createDbCapability(options);
  try {
    return await probeTables(capability);
  } finally {
    await capability.close();
  }
}

const noConnector = () => undefined;

function checkCaller({ tenant, grants }: RunContext): string {
  if (!grants.capabilities.has('db')) {
    throw new CapabilityError('DENIED', 'capability "db" is not declared and granted', 'CAPABILITY_REFUSED');
  }
  if (tenant === null) throw new CapabilityError('DENIED', 'db: this run has no tenant', 'TENANT_REFUSED');
  return tenant;
}

function signer({ jwtSecret, signToken }: DbOptions): (tenant: string) => Promise<string> {
  if (signToken !== undefined) return signToken;
  if (jwtSecret === undefined || jwtSecret.length < 32) {
    throw new TypeError('db: jwtSecret has fewer than 32 characters, and there is no signToken');
  }
  const secret = new TextEncoder().encode(jwtSecret);
  return (tenant) =>
    new SignJWT({ role: 'authenticated', tenant_id: tenant })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setIssuedAt()
      .setExpirationTime('1m')
      .sign(secret);
}

/** With the service role's key a lost token would open every tenant's rows. */
function refuseServiceRole(apikey: string): void {
  const [, payload = ''] = apikey.split('.');
  const isService =
    apikey.startsWith('sb_secret_') || /"role"\s*:\s*"service_role"/.test(Buffer.from(payload, 'base64url').toString());
  if (apikey === '' || isService) throw new TypeError('db: apikey must be the publishable (anon) key');
}
