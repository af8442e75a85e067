/** Requests as the fuzzer plans them: valid by the document, or spoiled. */
import { jsonText, STRINGS } from '../edges.ts';
import type { Random } from '../random.ts';
import { placeOf } from './ids.ts';
import { type Document, type Operation, sampleOf } from './requests.ts';
import { mutateJson } from './shapes.ts';

/** One request of a case. */
export interface Planned {
  readonly operation: string;
  readonly method: string;
  /** Path and query; `$id` in it stands for an id out of earlier answers. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Null: none. */
  readonly body: string | null;
}

/** Of the App, with which requests to `/rpc` are signed. */
export const APP_SECRET = 'a-secret-for-the-fuzzer';

/** A request for the operation. */
export function planOf(random: Random, operation: Operation, document: Document): Planned {
  const { id, method, body } = operation;
  const isSpoiled = random.chance(0.6);
  const odd = (share: number): boolean => isSpoiled && random.chance(share);
  const text = body === null ? null : bodyOf(random, { id, ...body }, document, odd(0.7));
  return {
    operation: id,
    method,
    url: pathOf(random, operation.path, odd(0.3)) + queryOf(random, operation, document, odd(0.5)),
    headers: {
      ...(text !== null && { 'content-type': odd(0.1) ? random.pick(TYPES) : (body?.type ?? '') }),
      ...(random.chance(0.1) && { 'idempotency-key': String(random.below(20)) }),
      ...(odd(0.2) && random.pick(HEADERS)),
    },
    body: text === null || (odd(0.1) && !body?.required) ? null : text,
  };
}

/** A request as Aidbox would pass it on. */
export function passedOn(rpc: Planned, { operation, url, body }: Planned): Planned {
  const { pathname, searchParams } = new URL(url, 'http://localhost');
  const [, id, , runId] = pathname
    .split('/')
    .filter((part) => part !== '')
    .map(decoded);
  const params = JSON.stringify(Object.fromEntries(searchParams));
  const route = JSON.stringify({ id, runId, triggerId: id, name: id });
  // Put together as text: a body may be nested deeper than can be written anew.
  const request = `{"resource":${asJson(body)},"params":${params},"route-params":${route}}`;
  const envelope = `{"type":"operation","operation":{"id":${JSON.stringify(operation)}},"request":${request}}`;
  const authorization = `Basic ${btoa(`ts-billing-app:${APP_SECRET}`)}`;
  return { ...rpc, headers: { 'content-type': 'application/json', authorization }, body: envelope };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function asJson(body: string | null): string {
  try {
    JSON.parse(body ?? 'null');
    return body ?? 'null';
  } catch {
    return JSON.stringify(body);
  }
}

const TYPES = [
  'text/plain',
  'application/json; charset=utf-16',
  'multipart/form-data; boundary=x',
  'application/gzip',
  '*/*',
];
const HEADERS = [
  { 'x-http-method-override': 'DELETE' },
  { 'x-original-url': '/audit' },
  { 'x-forwarded-for': '127.0.0.1' },
  { 'idempotency-key': 'é'.repeat(300) },
  { 'content-encoding': 'gzip' },
  { authorization: 'Basic dHMtYmlsbGluZy1hcHA6eA==' },
  { 'if-match': '*' },
  { 'last-event-id': '-1' },
  { accept: 'text/event-stream' },
  { range: 'bytes=0-0' },
] as const;

function pathOf(random: Random, path: string, isOdd: boolean): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => {
    if (isOdd && random.chance(0.7)) return encodeURIComponent(random.pick(ODD_IDS).toWellFormed());
    return random.chance(0.05) ? 'nothing' : placeOf(path, name);
  });
}

const ODD_IDS = [...STRINGS, 'a/b', 'x'.repeat(2_000), 'main', '%', '*', '6f1b2c3d-0000-4000-8000-000000000000'];

function queryOf(random: Random, { query }: Operation, { components }: Document, isOdd: boolean): string {
  const search = new URLSearchParams();
  for (const { name, required, schema } of query) {
    // Of branches there is none but the main one.
    if (!required && random.chance(name === 'branch' ? 0.9 : 0.6)) continue;
    const valid = sampleOf(schema, components.schemas, random.below(2 ** 31));
    search.append(name, String(isOdd && random.chance(0.5) ? random.pick(STRINGS) : valid));
    if (isOdd && random.chance(0.2)) search.append(name, 'again');
  }
  if (isOdd)
    search.append(random.pick(['__proto__', 'constructor', 'branch', 'limit', 'x[]', 'tenant']), random.pick(STRINGS));
  return search.size === 0 ? '' : `?${search}`;
}

function bodyOf(
  random: Random,
  { id, type, schema }: NonNullable<Operation['body']> & Pick<Operation, 'id'>,
  { components }: Document,
  isSpoiled: boolean,
): string {
  const known = id === 'publish-plugin' ? [pluginOf(random)] : id.startsWith('trigger-webhook') ? EVENTS : [];
  const valid =
    known.length > 0 && random.chance(0.7)
      ? random.pick<unknown>(known)
      : sampleOf(schema, components.schemas, random.below(2 ** 31));
  if (!type.endsWith('json')) return String(valid);
  if (!isSpoiled) return JSON.stringify(valid) ?? 'null';
  if (random.chance(0.2))
    return random.chance(0.5) ? jsonText(random, 3) : random.scratched(JSON.stringify(valid) ?? '');
  if (random.chance(0.3)) return JSON.stringify({ ...(valid as object), ...random.pick(EXTRA) });
  return mutateJson(random, valid);
}

/** A plugin that is as it should be. */
const pluginOf = (random: Random) => ({
  manifest: {
    name: random.pick(['@acme/claims', '@acme/prices']),
    version: `1.0.${random.below(20)}`,
    description: 'Prices claims.',
    capabilities: ['log'],
    scripts: { price: 'price.ts' },
  },
  files: { 'price.ts': 'export const description = "d";\nexport async function main() { return 1; }\n' },
});

/** What triggers are told. */
const EVENTS = [
  { resourceType: 'Encounter', id: 'e1', status: 'finished' },
  { resourceType: 'Bundle', type: 'history', entry: [{ resource: { resourceType: 'Encounter', id: 'e2' } }] },
  {
    resourceType: 'Bundle',
    type: 'history',
    entry: [
      {
        resource: {
          resourceType: 'AidboxSubscriptionStatus',
          type: 'event-notification',
          notificationEvent: [{ eventNumber: 1, focus: { reference: 'Encounter/e3' } }],
        },
      },
      { fullUrl: 'Encounter/e3', request: { method: 'POST', url: 'Encounter' } },
    ],
  },
] as const;

const EXTRA = [
  { tenantId: 'x' },
  { tenantOrganizationId: '../x' },
  { role: 'admin' },
  { status: 'completed' },
  { digest: 'x' },
  { id: '1' },
  { constructor: { prototype: { polluted: 1 } } },
  JSON.parse('{ "__proto__": { "polluted": 1 } }') as object,
] as const;
