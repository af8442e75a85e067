import { type Dispatcher, request as send } from 'undici';
import { type Capability, CapabilityError, type RunContext } from './capability.ts';
import { ownAddresses } from './http/address.ts';
import { checkAllowed, denied } from './http/allow.ts';
import { ACCEPTED_ENCODINGS, readBody } from './http/body.ts';
import { judgedConnector } from './http/connect.ts';
import { dnsLookup, type Lookup } from './http/dns.ts';
import { Pools } from './http/pools.ts';
import { type Hop, redirect } from './http/redirect.ts';
import { type HttpRequest, parseRequest } from './http/request.ts';
import { createMask, type Mask, secretHeader } from './http/secret.ts';
import { within } from './http/within.ts';

/** What `createHttpCapability` needs; all of it has defaults. */
export interface HttpOptions {
  /** Resolves names; default: DNS, and the system too for tenants with private ranges. What it answers is judged. */
  readonly lookup?: Lookup;
  /** Addresses of this machine; default: those of its interfaces. */
  readonly own?: () => readonly string[];
  /** Bytes of one request's body, and of its answer's after inflating; default 1 MiB each. */
  readonly maxBytes?: number;
  /** Milliseconds of one call, redirects included; default 30 s. A script may ask for less. */
  readonly timeoutMs?: number;
  /** Default 5. */
  readonly maxRedirects?: number;
  /** Requests of one tenant that may be open at once; default 80, what 8 runs with 10 calls each need. */
  readonly inFlight?: number;
}

/** What `http.fetch` answers. Header names are lower-case; repeated headers are joined by a comma. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const CONNECTIONS = 8;
/** They spoke of the message as it was on the wire, not of the body as the script gets it; or are no names for a map. */
const DROPPED = new Set(
  'content-encoding content-length transfer-encoding connection keep-alive __proto__ constructor prototype'.split(' '),
);

/**
 * The capability `http`: `http.fetch {url, method?, headers?, body?, timeoutMs?, secret?}` → `{status, headers, body}`.
 *
 * Every hop must be in the tenant's allow-list and every connection must end at a public address (or one of the tenant's
 * private ranges). Refusals are `DENIED` with `CAPABILITY_REFUSED`; a server that fails to answer is `UNAVAILABLE` with
 * `HTTP_UNAVAILABLE`; any answer, 4xx and 5xx too, is an answer.
 */
export function createHttpCapability(options: HttpOptions = {}): Capability {
  const { lookup, own = ownAddresses, maxBytes = 2 ** 20, timeoutMs = 30_000, maxRedirects = 5 } = options;
  const { inFlight = 80 } = options;
  const pools = new Pools({ connections: CONNECTIONS, inFlight, timeoutMs });

  const call = async (args: unknown, context: RunContext): Promise<HttpAnswer> => {
    const { grants, tenant, signal, deadline } = context;
    if (!grants.capabilities.has('http')) throw denied('capability "http" is not declared and granted');
    const request = parseRequest(args, maxBytes);
    const left = Math.min(timeoutMs, request.timeoutMs ?? timeoutMs, deadline - Date.now());
    if (left <= 0) throw unavailable(request.url, 'the time of the run is over');
    const ranges = grants.http.privateRanges;
    const names = lookup ?? dnsLookup({ system: ranges.length > 0 });
    const connect = () => judgedConnector({ lookup: names, ranges, own, timeoutMs, sockets: 2 * inFlight });
    const limits = { maxBytes, maxRedirects, signal: AbortSignal.any([signal, AbortSignal.timeout(left)]) };
    const mask = createMask(grants.http.secrets);
    return pools
      .use(tenant, JSON.stringify(ranges), connect, (dispatcher) =>
        follow(request, grants.http, { ...limits, dispatcher, mask }),
      )
      .catch((error: unknown) => {
        throw masked(error, mask);
      });
  };
  return { methods: new Map([['http.fetch', call]]), close: () => pools.close() };
}

interface Way {
  readonly dispatcher: Dispatcher;
  readonly signal: AbortSignal;
  readonly maxBytes: number;
  readonly maxRedirects: number;
  readonly mask: Mask;
}

async function follow(request: HttpRequest, grants: RunContext['grants']['http'], way: Way): Promise<HttpAnswer> {
  checkAllowed(request.url, grants);
  const secret = request.secret === null ? null : secretHeader(request.secret, request.url, grants.secrets);
  const own = { 'user-agent': 'cloister', ...request.headers, 'accept-encoding': ACCEPTED_ENCODINGS };
  const headers = secret === null ? own : { ...own, [secret[0]]: secret[1] };
  let hop: Hop = { url: request.url, method: request.method, headers, body: request.body };
  for (let hops = 0; ; hops += 1) {
    checkAllowed(hop.url, grants);
    const answer = await exchange(hop, way);
    const next = redirect(hop, answer);
    if (next === null) return await read(hop, answer, way);
    if (hops >= way.maxRedirects) throw denied(`more than ${way.maxRedirects} redirects`);
    hop = next;
  }
}

async function exchange({ url, method, headers, body }: Hop, way: Way): Promise<Dispatcher.ResponseData> {
  const { dispatcher, signal } = way;
  try {
    const request = { method: method as Dispatcher.HttpMethod, headers, body, dispatcher, signal };
    return await within(send(url, request), signal);
  } catch (error) {
    throw refine(error, url);
  }
}

async function read(hop: Hop, answer: Dispatcher.ResponseData, { mask, maxBytes }: Way): Promise<HttpAnswer> {
  const header = (name: string) => [answer.headers[name] ?? []].flat().join(', ');
  const encoding = hop.method === 'HEAD' ? '' : header('content-encoding');
  const bytes = await readBody(answer.body, encoding, maxBytes).catch((error: unknown) => {
    throw refine(error, hop.url);
  });
  const names = Object.keys(answer.headers).filter((name) => !DROPPED.has(name));
  const headers = Object.fromEntries(names.map((name) => [mask(name), mask(header(name))]));
  return { status: answer.statusCode, headers, body: mask(decode(bytes, header('content-type'))) };
}

function decode(bytes: Buffer, contentType: string): string {
  const label = /;\s*charset="?([\w-]+)/i.exec(contentType)?.[1] ?? 'utf-8';
  try {
    return new TextDecoder(label).decode(bytes);
  } catch {
    return bytes.toString('utf8');
  }
}

function refine(error: unknown, url: URL): CapabilityError {
  if (error instanceof CapabilityError) return error;
  const isLate = error instanceof Error && error.name === 'TimeoutError';
  return unavailable(url, isLate ? 'no answer in time' : 'no answer');
}

function unavailable(url: URL, why: string): CapabilityError {
  return new CapabilityError('UNAVAILABLE', `http: ${url.origin}: ${why}`, 'HTTP_UNAVAILABLE');
}

/** A server can put a secret where a message shows it, such as the host of a redirect. */
function masked(error: unknown, mask: Mask): unknown {
  if (!(error instanceof CapabilityError)) return error;
  return new CapabilityError(error.code, mask(error.message), error.activityCode);
}
