/** Takes a script's bundle apart into typed requests, and puts it together again from those alone. */
import { createHash } from 'node:crypto';
import type { RunContext } from '../capability.ts';
import type { Query, Resource } from './argument.ts';
import {
  badArgument,
  denied,
  isRecord,
  leavesPath,
  parseId,
  parseQuery,
  parseResource,
  parseType,
} from './argument.ts';
import { parsePatchEntry } from './patch.ts';

/** A bundle that may be posted to the base of a tenant. */
export interface PostedBundle {
  readonly resourceType: 'Bundle';
  readonly type: 'transaction' | 'batch';
  readonly entry: readonly object[];
}

/** A relative URL: `Type`, `Type/id` or `Type?query`. */
interface Target {
  readonly type: string;
  readonly id: string | null;
  readonly query: Query;
}

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;
type Method = (typeof METHODS)[number];

const MAX_ENTRIES = 5000;
const VERSION = /^(?:\*|(?:W\/)?"[A-Za-z0-9.-]{1,64}")$/;

/**
 * Parses a bundle of type transaction or batch into the operations that single calls have. A POST becomes a PUT of an id made
 * from the run's write key and the entry's number, so that the same bundle posted again writes the same resources; a conditional one may be repeated as it is.
 *
 * Throws `DENIED` for an entry that leaves the tenant's base, nests a bundle, or names an operation or a refused type.
 */
export function parseBundle(value: unknown, context: Pick<RunContext, 'tenant' | 'nextWriteKey'>): PostedBundle {
  if (!isRecord(value) || value.resourceType !== 'Bundle') throw badArgument('expected a Bundle');
  const { type, entry = [] } = value;
  if (type !== 'transaction' && type !== 'batch') throw badArgument('Bundle.type: expected transaction or batch');
  if (!Array.isArray(entry)) throw badArgument('Bundle.entry: expected a list');
  if (entry.length > MAX_ENTRIES) throw badArgument(`Bundle.entry: found more than ${MAX_ENTRIES} entries`);
  const key = context.nextWriteKey();
  const parsed = entry.map((each, at) => parseEntry(each, { key: `${key}#${at}`, tenant: context.tenant }));
  return { resourceType: 'Bundle', type, entry: parsed };
}

/** The id of what a write creates: the same for the same key, and a valid FHIR id. */
export function derivedId(key: string): string {
  const id = createHash('sha256').update(key).digest('hex').slice(0, 32);
  // One in three million; HAPI keeps ids of digits alone for itself.
  return /^\d+$/.test(id) ? `a${id.slice(1)}` : id;
}

function parseEntry(entry: unknown, { key, tenant }: { readonly key: string; readonly tenant: string | null }): object {
  if (!isRecord(entry) || !isRecord(entry.request)) throw badArgument('Bundle.entry: expected an object with request');
  const { request } = entry;
  const method = METHODS.find((each) => each === request.method);
  if (method === undefined) throw badArgument(`request.method: expected ${METHODS.join(', ')}`);
  const target = parseTarget(request.url, method === 'GET' ? 'read' : 'write');
  const fullUrl = parseFullUrl(entry.fullUrl);
  const conditions = parseConditions(request);
  if (method === 'GET') return { ...fullUrl, request: { method, url: format(target), ...conditions } };
  if (target.type === 'Bundle') throw denied('a bundle in a bundle is refused');
  checkForm(method, target);
  if (method === 'DELETE') return { ...fullUrl, request: { method, url: format(target), ...conditions } };
  if (method === 'PATCH') {
    const resource = parsePatchEntry(entry.resource, tenant);
    return { ...fullUrl, resource, request: { method, url: format(target), ...conditions } };
  }
  const resource = parseResource(entry.resource, tenant);
  if (resource.resourceType !== target.type) throw badArgument('the resource is not of the type that its url names');
  if (method === 'POST' && conditions.ifNoneExist === undefined) {
    const id = derivedId(key);
    return { ...fullUrl, resource: { ...resource, id }, request: { method: 'PUT', url: `${target.type}/${id}` } };
  }
  return { ...fullUrl, resource: withId(resource, target.id), request: { method, url: format(target), ...conditions } };
}

function checkForm(method: Method, { id, query }: Target): void {
  const isConditional = id === null && query.length > 0;
  const fits = method === 'POST' ? id === null && !isConditional : id !== null || isConditional;
  if (!fits) throw badArgument(`${method}: expected ${method === 'POST' ? 'Type' : 'Type/id or Type?query'} as url`);
}

function withId(resource: Resource, id: string | null): Resource {
  if (id === null) return resource;
  if (resource.id !== undefined && resource.id !== id) throw badArgument('the resource has another id than its url');
  return { ...resource, id };
}

function parseTarget(url: unknown, access: 'read' | 'write'): Target {
  if (typeof url !== 'string' || url === '') throw badArgument('request.url: expected Type, Type/id or Type?query');
  const [path = '', ...queries] = url.split('?');
  if (queries.length > 1 || path.includes('#')) throw badArgument('request.url: expected Type, Type/id or Type?query');
  const [type, id, ...more] = path.split('/');
  if (more.length > 0 || path.startsWith('/')) throw denied('request.url: expected Type, Type/id or Type?query');
  const query = parseQuery(queries[0] ?? '');
  if (id !== undefined && query.length > 0) throw badArgument('request.url: found both an id and a query');
  return { type: parseType(type, access), id: id === undefined ? null : parseId(id), query };
}

function format({ type, id, query }: Target): string {
  if (id !== null) return `${type}/${id}`;
  return query.length === 0 ? type : `${type}?${formatQuery(query)}`;
}

function formatQuery(query: Query): string {
  return new URLSearchParams(query.map(([name, value]) => [name, value])).toString();
}

/** A placeholder that other entries refer to. What a search gave as address of the entry has no meaning here. */
function parseFullUrl(value: unknown): { fullUrl?: string } {
  if (value === undefined) return {};
  if (typeof value !== 'string') throw badArgument('fullUrl: expected a string');
  if (/^urn:(uuid|oid):[A-Za-z0-9.-]{1,64}$/.test(value)) return { fullUrl: value };
  const [type = '', id = '', ...more] = value.split('/');
  if (more.length > 0 || leavesPath(type) || leavesPath(id)) throw denied('fullUrl: expected urn:uuid: or Type/id');
  return {};
}

function parseConditions(request: Record<string, unknown>): { ifNoneExist?: string; ifMatch?: string } {
  const conditions: Record<string, string> = {};
  for (const name of ['ifMatch', 'ifNoneMatch', 'ifNoneExist'] as const) {
    const value = request[name];
    if (value === undefined) continue;
    if (typeof value !== 'string' || value.length > 1000) throw badArgument(`request.${name}: expected a short string`);
    if (name !== 'ifNoneExist' && !VERSION.test(value)) throw badArgument(`request.${name}: expected W/"version" or *`);
    conditions[name] = name === 'ifNoneExist' ? formatQuery(parseQuery(value.replace(/^\?/, ''))) : value;
  }
  if (conditions.ifNoneExist === '') throw badArgument('request.ifNoneExist: expected search parameters');
  return conditions;
}
