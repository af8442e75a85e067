/** Parses what a script hands to `fhir`: types, ids, search parameters, resources. Nothing of it becomes a path unread. */
import { CapabilityError } from '../capability.ts';
import { checkOwner } from './owner.ts';

/** A resource as scripts send and get it. */
export interface Resource {
  readonly resourceType: string;
  readonly id?: string;
  readonly meta?: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

/** Parameters of a search in the order given; a name may repeat. */
export type Query = readonly (readonly [name: string, value: string])[];

/** What a call wants with a resource type. */
export type Access = 'read' | 'write';

/** Types that make the server itself act, call out or keep its audit log: not for scripts to write. */
const NOT_WRITTEN = /^(Subscription|Endpoint$|AuditEvent$)/;

/** Types by which Aidbox administers itself: accounts, rules of access, code it runs. Not for scripts at all. */
const ADMINISTRATION = new RegExp(
  `^(Aidbox[A-Za-z]*|Subs(Subscription|Notification)|${[
    'AccessPolicy|App|Attribute|AuthConfig|Client|Entity|FtrConfig|Grant|IdentityProvider|Lambda|Mapping|Module|Operation',
    'PGSequence|Registration|Role|Scope|Search|SearchQuery|SeedImport|Session|TokenIntrospector|TransactionLog|User|Webhook',
  ].join('|')})$`,
);

/** Parameters beginning with an underscore that steer a plain search. Others run queries of another kind, or change the form. */
const STEERING = new Set(
  ['id', 'lastUpdated', 'tag', 'profile', 'security', 'source', 'count', 'offset', 'page', 'sort', 'total'].concat([
    'summary',
    'elements',
    'include',
    'revinclude',
    'text',
    'content',
  ]),
);

/** Parameters by which links of servers lead to further pages of a search. */
export const PAGING: ReadonlySet<string> = new Set([
  '_getpages',
  '_getpagesoffset',
  '_bundletype',
  '_cursor',
  '_page_token',
]);

const MAX_COUNT = 1000;
const MAX_VALUE_CHARACTERS = 32_768;
const MAX_PARAMETERS = 500;

/** The call may not be made; the activity fails with `CAPABILITY_REFUSED` if the script does not catch it. */
export function denied(text: string): CapabilityError {
  return new CapabilityError('DENIED', `fhir: ${text}`, 'CAPABILITY_REFUSED');
}

/** An argument has the wrong shape. */
export function badArgument(text: string): CapabilityError {
  return new CapabilityError('BAD_ARGUMENT', `fhir: ${text}`);
}

/** An object that is no list. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The arguments of a call, which are one object. */
export function parseArguments(args: unknown): Record<string, unknown> {
  if (!isRecord(args)) throw badArgument('found no arguments, expected an object');
  return args;
}

/** A resource type that a script may access so. */
export function parseType(value: unknown, access: Access): string {
  if (typeof value !== 'string') throw badArgument('resource type: found no string, expected one like "Patient"');
  if (leavesPath(value) || value.startsWith('$'))
    throw denied('found a path or an operation, expected a resource type');
  // The client takes what begins with "http" for an address.
  if (!/^[A-Z][A-Za-z]{0,63}$/.test(value) || /^http/i.test(value)) {
    throw badArgument(`resource type: found ${shown(value)}, expected one like "Patient"`);
  }
  if (ADMINISTRATION.test(value)) throw denied(`${value} belongs to the administration of the server`);
  if (access === 'write' && NOT_WRITTEN.test(value)) throw denied(`a script may not write ${value}`);
  return value;
}

/** A FHIR id, as one segment of a path. */
export function parseId(value: unknown): string {
  if (typeof value !== 'string') throw badArgument('id: found no string, expected one');
  if (leavesPath(value) || value === '.' || value === '..') throw denied('id: found a path, expected an id');
  if (!/^[A-Za-z0-9.-]{1,64}$/.test(value)) {
    throw badArgument(`id: found ${shown(value)}, expected 1 to 64 letters, digits, hyphens and dots`);
  }
  return value;
}

/** A resource of a type that may be written, and that names no other owner than the tenant. */
export function parseResource(value: unknown, tenant: string | null): Resource {
  if (!isRecord(value)) throw badArgument('resource: expected an object');
  const resourceType = parseType(value.resourceType, 'write');
  const { meta } = value;
  if (meta !== undefined && !isRecord(meta)) throw badArgument('resource.meta: expected an object');
  checkOwner(value, tenant);
  return value as unknown as Resource & { resourceType: typeof resourceType };
}

/** Search parameters given as an object; a list repeats its parameter. */
export function parseParameters(value: unknown): Query {
  if (value === undefined || value === null) return [];
  if (!isRecord(value)) throw badArgument('search parameters: expected an object');
  return parsePairs(
    Object.entries(value).flatMap(([name, given]) => [given].flat().map((each) => [name, each] as const)),
  );
}

/** Search parameters given as the query of a URL, without `?`. */
export function parseQuery(text: string): Query {
  return parsePairs([...new URLSearchParams(text)]);
}

function parsePairs(pairs: readonly (readonly [string, unknown])[]): Query {
  if (pairs.length > MAX_PARAMETERS) throw badArgument(`found more than ${MAX_PARAMETERS} search parameters`);
  return pairs.map(([name, value]) => [parseName(name), parseValue(name, value)] as const);
}

function parseName(name: string): string {
  const [, plain = ''] = /^([A-Za-z_][A-Za-z0-9_-]{0,63})(?::[A-Za-z-]{1,64})?$/.exec(name) ?? [];
  if (plain === '' && /[.$/]|^_has/.test(name)) throw denied(`search parameter ${shown(name)}: chains are refused`);
  if (plain === '') throw badArgument(`search parameter: found ${shown(name)}, expected a name`);
  const isSteering = STEERING.has(plain.slice(1)) || PAGING.has(name);
  if (plain.startsWith('_') && !isSteering) throw denied(`search parameter ${plain} is refused`);
  if (name !== '_count' && plain === '_count') throw badArgument('search parameter _count: found a modifier');
  return name;
}

function parseValue(name: string, value: unknown): string {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
    throw badArgument(`search parameter ${shown(name)}: expected a string, number or boolean, or a list of them`);
  }
  const text = String(value);
  if (text.length > MAX_VALUE_CHARACTERS) throw badArgument(`search parameter ${shown(name)}: the value is too long`);
  if (name !== '_count') return text;
  if (!/^\d{1,15}$/.test(text)) throw badArgument('search parameter _count: expected a whole number');
  return String(Math.min(Number(text), MAX_COUNT));
}

/** Whether a segment would be more than one, an address, or an operation. */
export function leavesPath(text: string): boolean {
  return /[/\\%?#:@$]|\.\./.test(text);
}

/** Foreign text in a message: short, and on one line. */
export function shown(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}
