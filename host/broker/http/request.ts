import { CapabilityError } from '../capability.ts';
import { denied } from './allow.ts';

/** A request whose shape is right; whether it may go anywhere is judged for every hop. */
export interface HttpRequest {
  readonly url: URL;
  readonly method: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  readonly timeoutMs: number | null;
  /** Alias of a secret that the host is to put in. */
  readonly secret: string | null;
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
const URL_CHARS = 8_192;
const HEADER_CHARS = 16_384;
/** Headers that steer the connection, the message's length or the way to the server: those are the host's. */
const HOST_HEADERS = new Set(
  'host connection keep-alive transfer-encoding te trailer upgrade content-length expect cookie cookie2 via'.split(' '),
);

/** Reads the arguments of `http.fetch`. Throws `BAD_ARGUMENT`, `DENIED` for headers and methods that may not be sent, `TOO_LARGE`. */
export function parseRequest(args: unknown, maxBytes: number): HttpRequest {
  const given = record(args, 'http.fetch');
  const method = parseMethod(given.method ?? 'GET');
  const body = text(given.body, 'body');
  if (body !== null && Buffer.byteLength(body) > maxBytes) {
    throw new CapabilityError('TOO_LARGE', `body: more than ${maxBytes} bytes`);
  }
  if (body !== null && (method === 'GET' || method === 'HEAD')) throw bad('body', `none with ${method}`);
  return {
    url: parseUrl(given.url),
    method,
    headers: parseHeaders(record(given.headers ?? {}, 'headers')),
    body,
    timeoutMs: parseTimeout(given.timeoutMs),
    secret: text(given.secret, 'secret'),
  };
}

/** The URL parser drops tabs and line ends without a word, so they are looked for before it. */
function parseUrl(value: unknown): URL {
  if (typeof value !== 'string' || value.length > URL_CHARS)
    throw bad('url', `text of at most ${URL_CHARS} characters`);
  if (/\p{Cc}/u.test(value)) throw denied('control characters in a URL');
  return URL.parse(value) ?? fail('url', 'an absolute URL');
}

function parseMethod(value: unknown): string {
  const method = typeof value === 'string' ? value.toUpperCase() : '';
  if (!METHODS.includes(method)) throw denied(`a method other than ${METHODS.join(', ')}`);
  return method;
}

function parseHeaders(given: Record<string, unknown>): Record<string, string> {
  const headers: Record<string, string> = {};
  let size = 0;
  for (const [name, value] of Object.entries(given)) {
    const lower = name.toLowerCase();
    if (typeof value !== 'string') throw bad('headers', 'texts');
    if (!/^[!#$%&'*+.^_`|~0-9a-z-]+$/.test(lower) || lower === '__proto__') throw denied('a header name that is none');
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(value)) throw denied(`control or foreign characters in header ${lower}`);
    if (HOST_HEADERS.has(lower) || lower.startsWith('proxy-')) throw denied(`header ${lower}`);
    if (Object.hasOwn(headers, lower)) throw bad(`header ${lower}`, 'once only');
    size += lower.length + value.length;
    headers[lower] = value;
  }
  if (size > HEADER_CHARS) throw new CapabilityError('TOO_LARGE', `headers: more than ${HEADER_CHARS} characters`);
  return headers;
}

function parseTimeout(value: unknown): number | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value <= 0) throw bad('timeoutMs', 'milliseconds');
  return value;
}

function text(value: unknown, where: string): string | null {
  if (value === undefined || value === null) return null;
  return typeof value === 'string' ? value : fail(where, 'text');
}

function record(value: unknown, where: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw bad(where, 'a map');
  return value as Record<string, unknown>;
}

function fail(where: string, expected: string): never {
  throw bad(where, expected);
}

function bad(where: string, expected: string): CapabilityError {
  return new CapabilityError('BAD_ARGUMENT', `${where}: expected ${expected}`);
}
