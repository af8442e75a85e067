import { CapabilityError, type Grants } from '../capability.ts';
import { checkSelect, isIdentifier } from './select.ts';

/** Methods of PostgREST. */
export type DbMethod = 'GET' | 'HEAD' | 'POST' | 'PATCH' | 'DELETE';

/** A query that may be sent: every name in it is granted. */
export interface DbRequest {
  readonly method: DbMethod;
  /** `notes` or `rpc/name`. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

/** Caps of one request. */
export interface DbLimits {
  readonly maxBytes: number;
  readonly maxRows: number;
}

const TABLE_METHODS: readonly string[] = ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE'] satisfies DbMethod[];
const FUNCTION_METHODS: readonly string[] = ['GET', 'HEAD', 'POST'] satisfies DbMethod[];
const QUERY_PAIRS = 200;
const QUERY_CHARS = 32_768;
/** Given twice, these would be read by us once and by the server another time. */
const ONCE = ['select', 'order', 'limit', 'offset', 'on_conflict', 'columns'];
/** Headers that may cross, with the values they may have. The schema headers are missing on purpose. */
const HEADERS: ReadonlyMap<string, RegExp> = new Map([
  [
    'prefer',
    /^(?:(?:return=(?:minimal|representation|headers-only)|count=(?:exact|planned|estimated)|resolution=(?:ignore|merge)-duplicates|missing=(?:default|null)|handling=(?:strict|lenient)|max-affected=\d+|tx=(?:commit|rollback))(?:,\s*|$))*$/,
  ],
  [
    'accept',
    /^(?:\*\/\*|application\/json|text\/csv|application\/geo\+json|application\/vnd\.pgrst\.(?:object|array)\+json(?:;\s*nulls=stripped)?)$/,
  ],
  ['range', /^\d{1,12}-\d{1,12}$/],
  ['range-unit', /^items$/],
  ['content-type', /^(?:application\/json|text\/csv)(?:;\s*charset=utf-8)?$/i],
]);

/**
 * Turns the arguments of `db.request` into a request, or throws: `BAD_ARGUMENT` for a wrong shape, `DENIED` for what is not
 * granted, `TOO_LARGE`.
 */
export function parseRequest(args: unknown, grants: Grants['db'], limits: DbLimits): DbRequest {
  const { target, method, query, headers, body } = record(args, 'db.request');
  const { path, methods } = parseTarget(record(target, 'target'), grants);
  if (typeof method !== 'string' || !methods.includes(method)) throw bad('method', methods.join(', '));
  if (body !== undefined && body !== null && typeof body !== 'string') throw bad('body', 'text');
  if (typeof body === 'string' && Buffer.byteLength(body) > limits.maxBytes) {
    throw new CapabilityError('TOO_LARGE', `body: more than ${limits.maxBytes} bytes`);
  }
  const parsed = parseQuery(query, grants.tables);
  const sent = parseHeaders(headers, limits.maxRows);
  const isRead = method === 'GET' || method === 'HEAD';
  if (isRead) capRows(parsed, limits.maxRows);
  return {
    method: method as DbMethod,
    path,
    query: parsed,
    headers: sent,
    body: isRead ? undefined : (body ?? undefined),
  };
}

function parseTarget(
  target: Record<string, unknown>,
  grants: Grants['db'],
): { path: string; methods: readonly string[] } {
  const { table, fn } = target;
  if ((table === undefined) === (fn === undefined)) throw bad('target', 'either a table or a fn');
  if (table !== undefined) return { path: granted('table', table, grants.tables), methods: TABLE_METHODS };
  return { path: `rpc/${granted('function', fn, grants.functions)}`, methods: FUNCTION_METHODS };
}

function granted(kind: 'table' | 'function', name: unknown, list: readonly string[]): string {
  if (typeof name === 'string' && isIdentifier(name) && list.includes(name)) return name;
  const shown = typeof name === 'string' && isIdentifier(name) ? name : 'of that name';
  throw new CapabilityError('DENIED', `${kind} ${shown} is not granted (db.${kind}s)`, 'CAPABILITY_REFUSED');
}

function parseQuery(query: unknown, tables: readonly string[]): URLSearchParams {
  if (!Array.isArray(query) || query.length > QUERY_PAIRS) throw bad('query', `at most ${QUERY_PAIRS} pairs`);
  const parsed = new URLSearchParams();
  let chars = 0;
  for (const pair of query) {
    const [key, value] = Array.isArray(pair) ? pair : [];
    if (typeof key !== 'string' || typeof value !== 'string') throw bad('query', 'pairs of texts');
    chars += key.length + value.length;
    if (chars > QUERY_CHARS) throw queryTooLarge();
    if (/^(?:apikey|authorization)$/i.test(key)) throw new CapabilityError('DENIED', 'query: a credential');
    if (ONCE.includes(key) && parsed.has(key)) throw bad(`query: ${key}`, 'once only');
    if (isPart(key, 'select') || isPart(key, 'order')) checkSelect(value, tables);
    parsed.append(key, value);
  }
  if (parsed.toString().length > QUERY_CHARS) throw queryTooLarge();
  return parsed;
}

function queryTooLarge(): CapabilityError {
  return new CapabilityError('TOO_LARGE', `query: more than ${QUERY_CHARS} characters`);
}

/** `select`, and `other.select` for an embedded table. */
function isPart(key: string, part: string): boolean {
  return key === part || key.endsWith(`.${part}`);
}

function capRows(query: URLSearchParams, maxRows: number): void {
  const wanted = query.get('limit') ?? `${maxRows}`;
  if (!/^\d{1,12}$/.test(wanted)) throw bad('limit', 'a whole number');
  query.set('limit', `${Math.min(Number(wanted), maxRows)}`);
}

function parseHeaders(headers: unknown, maxRows: number): Record<string, string> {
  const given = record(headers ?? {}, 'headers');
  const sent: Record<string, string> = {};
  for (const [name, value] of Object.entries(given)) {
    const lower = name.toLowerCase();
    const allowed = HEADERS.get(lower);
    if (allowed === undefined)
      throw new CapabilityError('DENIED', `header ${JSON.stringify(lower.slice(0, 40))} is not allowed`);
    if (typeof value !== 'string' || !allowed.test(value))
      throw bad(`header ${lower}`, 'a value that this capability knows');
    sent[lower] = lower === 'prefer' ? exactCount(value) : value;
  }
  const [from, to] = (sent.range ?? '0-0').split('-').map(Number);
  if (from === undefined || to === undefined || to - from >= maxRows)
    throw bad('header range', `at most ${maxRows} rows`);
  return sent;
}

/**
 * The planner estimates from statistics over all rows, other tenants' included: `tenant_id=eq.b&count=planned` told how many
 * rows b has. Only an exact count is taken behind the policies.
 */
function exactCount(prefer: string): string {
  return prefer.replace(/\bcount=(?:planned|estimated)\b/g, 'count=exact');
}

function record(value: unknown, where: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw bad(where, 'a map');
  return value as Record<string, unknown>;
}

function bad(where: string, expected: string): CapabilityError {
  return new CapabilityError('BAD_ARGUMENT', `${where}: expected ${expected}`);
}
