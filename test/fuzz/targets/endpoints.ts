/**
 * Requests for every operation of the OpenAPI document, valid by its schemas or spoiled, to a whole development host. What it
 * answers must be what the document says. Needs Temporal.
 */
import { Agent, request as send } from 'node:http';
import { isDeepStrictEqual } from 'node:util';
import { ERROR_BODY, openapiDocument } from '../../../host/api/openapi.ts';
import { ENDPOINTS } from '../../../host/api/server.ts';
import { API_ERRORS, type ApiCode } from '../../../host/codes.ts';
import { testHost } from '../../stand/host.ts';
import { script, workflow } from '../../stand/project.ts';
import { jsonText, STRINGS } from '../edges.ts';
import type { Random } from '../random.ts';
import type { Bench, Input, Target } from '../target.ts';
import { type Document, type Operation, operationsOf, sampleOf } from './requests.ts';
import { mutateJson } from './shapes.ts';

/** See the file's first line. */
export const endpoints: Target = {
  name: 'endpoints',
  open: async (): Promise<Bench> => {
    const { host, projectDir, dataDir, close } = await testHost(PROJECT, { appSecret: APP_SECRET });
    const bench = endpointsBench({ url: host.url, hidden: [projectDir, dataDir] });
    return { ...bench, [Symbol.asyncDispose]: close };
  },
};

/** Of the App, with which requests to `/rpc` are signed. */
export const APP_SECRET = 'a-secret-for-the-fuzzer';

/** A project with something of each kind in it. */
export const PROJECT: Readonly<Record<string, string>> = {
  ...script('a', 'return input;'),
  ...workflow('w', { rootChildren: ['a'], activities: [{ id: 'a', script: './activities/a.ts' }] }),
  ...workflow('broken', { rootChildren: ['b'], activities: [{ id: 'a', script: './activities/a.ts' }] }),
};

/** One request of a case. */
interface Planned {
  readonly operation: string;
  readonly method: string;
  /** Path and query; `$id` in it stands for an id out of earlier answers. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Null: none. */
  readonly body: string | null;
}

/** What came back. */
interface Answer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

/** The API of a host that is there already. `hidden`: texts that no answer may hold. */
export function endpointsBench({
  url,
  hidden,
}: {
  url: string;
  hidden: readonly string[];
}): Omit<Bench, typeof Symbol.asyncDispose> {
  const document = openapiDocument(ENDPOINTS) as unknown as Document;
  const operations = operationsOf(document);
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const known = new Ids();
  const notes: string[] = [];
  const judge = new Judge([...hidden, ROOT]);
  const attemptOne = async (part: string): Promise<string[]> => {
    const planned = JSON.parse(part) as Planned;
    const answer = await exchange(url, { ...planned, url: known.filled(planned.url) }, agent);
    notes.push(`status ${answer.status}`);
    known.learn(answer);
    const operation = operations.find(({ id }) => id === planned.operation);
    return operation === undefined ? [] : judge.faults(operation, planned, answer);
  };
  return {
    make: (random) => {
      const operation = random.pick(operations);
      const plan = () => {
        const planned = planOf(random, operation, document);
        const isPassedOn = operation.id === 'rpc' && random.chance(0.8);
        return JSON.stringify(
          isPassedOn ? passedOn(planned, planOf(random, random.pick(operations), document)) : planned,
        );
      };
      return { kind: operation.id, parts: random.several(1, MOST_AT_ONCE, plan) };
    },
    attempt: async ({ parts }: Input) => {
      const faults = await Promise.all(parts.map(attemptOne));
      const health = await exchange(url, { ...HEALTH }, agent);
      if (health.status !== 200) faults.push([`health is answered with ${health.status}`]);
      return faults.flat();
    },
    takeNotes: () => notes.splice(0),
  };
}

const ROOT = new URL('../../..', import.meta.url).pathname;
const MOST_AT_ONCE = 8;
const END_MS = 40_000;
const MOST_BYTES = 4 * 2 ** 20;
const HEALTH: Planned = { operation: 'get-health', method: 'GET', url: '/health', headers: {}, body: null };

function planOf(random: Random, operation: Operation, document: Document): Planned {
  const { id, method, body } = operation;
  const isSpoiled = random.chance(0.6);
  const odd = (share: number): boolean => isSpoiled && random.chance(share);
  const text = body === null ? null : bodyOf(random, body, document, odd(0.7));
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
function passedOn(rpc: Planned, { operation, url, body }: Planned): Planned {
  const { pathname, searchParams } = new URL(url, 'http://localhost');
  const [, id, , runId] = pathname
    .split('/')
    .filter((part) => part !== '')
    .map(decoded);
  const request = {
    resource: parsed(body),
    params: Object.fromEntries(searchParams),
    'route-params': { id, runId, triggerId: id, name: id },
  };
  const envelope = { type: 'operation', operation: { id: operation }, request };
  const authorization = `Basic ${btoa(`ts-billing-app:${APP_SECRET}`)}`;
  return { ...rpc, headers: { 'content-type': 'application/json', authorization }, body: JSON.stringify(envelope) };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function parsed(body: string | null): unknown {
  try {
    return body === null ? undefined : JSON.parse(body);
  } catch {
    return body;
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
  return path.replace(/\{\w+\}/g, () => {
    if (isOdd) return encodeURIComponent(random.pick(ODD_IDS).toWellFormed());
    return random.pick(['w', 'w', '$id', '$id', '$id', 'broken', 'a', 'nothing']);
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
  { type, schema }: NonNullable<Operation['body']>,
  { components }: Document,
  isSpoiled: boolean,
): string {
  const valid = sampleOf(schema, components.schemas, random.below(2 ** 31));
  if (!type.endsWith('json')) return String(valid);
  if (!isSpoiled) return JSON.stringify(valid) ?? 'null';
  if (random.chance(0.2))
    return random.chance(0.5) ? jsonText(random, 3) : random.scratched(JSON.stringify(valid) ?? '');
  if (random.chance(0.3)) return JSON.stringify({ ...(valid as object), ...random.pick(EXTRA) });
  return mutateJson(random, valid);
}

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

/** Ids that answers held, so that later requests are about things that exist. */
class Ids {
  readonly #found: string[] = ['w'];
  #next = 0;

  learn({ status, type, text }: Answer): void {
    if (status >= 300 || !type.includes('json') || text.length > 100_000) return;
    for (const [, id = ''] of text.matchAll(/"(?:id|runId|name|digest|commit|version|triggerId)":"([^"\\]{1,200})"/g)) {
      if (!this.#found.includes(id)) this.#found.push(id);
      if (this.#found.length > 200) this.#found.splice(1, 1);
    }
  }

  filled(url: string): string {
    return url.replace(/\$id/g, () => encodeURIComponent(this.#found[this.#next++ % this.#found.length] ?? 'w'));
  }
}

/** Codes of 5xx that requests of this target give a reason for. */
const PLANNED: ReadonlySet<string> = new Set<ApiCode>(['NOT_CONFIGURED']);
const STACK = /\n\s+at |\\n\s+at |:\d+:\d+\)|node_modules|node:internal/;

class Judge {
  readonly #hidden: readonly string[];

  constructor(hidden: readonly string[]) {
    this.#hidden = hidden;
  }

  faults({ id, answers, path }: Operation, planned: Planned, { status, type, text }: Answer): string[] {
    if (status === 0) return [`${id}: ${text}`];
    const faults: string[] = [];
    const isPage = path.startsWith('/docs') || path === '/openapi.json';
    if (!isPage && STACK.test(text)) faults.push(`${id}: a stack in an answer of ${status}: ${STACK.exec(text)?.[0]}`);
    // An answer may repeat what it was asked with.
    const asked = `${planned.url}${planned.body ?? ''}`;
    const told = this.#hidden.find((each) => text.includes(each) && !asked.includes(each));
    if (told !== undefined) faults.push(`${id}: a path of the host in an answer of ${status}`);
    if (status >= 400) faults.push(...errorFaults(id, { status, type, text }));
    // Routes that are not the operation's, as an odd path may lead to, know nothing of it.
    else if (!answers.has(status)) faults.push(`${id}: an answer of ${status}, which it does not declare`);
    else faults.push(...answerFaults(id, { status, type, text }, answers.get(status) ?? ''));
    return faults;
  }
}

function errorFaults(id: string, { status, type, text }: Answer): string[] {
  // What Node refuses before the server sees it has no body.
  if (text === '') return status < 500 ? [] : [`${id}: an empty answer of ${status}`];
  const parsed = type.includes('json') ? ERROR_BODY.safeParse(JSON.parse(text)) : null;
  if (!parsed?.success) return [`${id}: an error of ${status} in another form: ${text.slice(0, 300)}`];
  const { code } = parsed.data;
  if (API_ERRORS[code].status !== status) return [`${id}: ${code} with status ${status}`];
  return status >= 500 && !PLANNED.has(code) ? [`${id}: ${status} ${text.slice(0, 300)}`] : [];
}

function answerFaults(id: string, { status, type, text }: Answer, declared: string): string[] {
  const rule = ENDPOINTS.find(({ operation }) => operation === id)?.answers[status];
  if (rule?.schema === undefined || !declared.includes('json')) return [];
  if (!type.includes('json')) return [`${id}: ${status} is ${type}, expected ${declared}`];
  const value: unknown = JSON.parse(text);
  const parsed = rule.schema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return [
      `${id}: ${status} is not what it declares: ${issue?.path.join('.')} ${issue?.message}: ${text.slice(0, 300)}`,
    ];
  }
  if (isDeepStrictEqual(parsed.data, value)) return [];
  return [`${id}: ${status} has fields that it does not declare: ${text.slice(0, 300)}`];
}

function exchange(url: string, { method, url: path, headers, body }: Planned, agent: Agent): Promise<Answer> {
  const { promise, resolve } = Promise.withResolvers<Answer>();
  const ended = (text: string): void => resolve({ status: 0, type: '', text });
  const bytes = body === null ? null : Buffer.from(body.toWellFormed());
  const length = bytes === null ? {} : { 'content-length': bytes.length };
  const sent = send(`${url}${path}`, { method, headers: wire({ ...headers, ...length }), agent }, (response) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const type = String(response.headers['content-type'] ?? '');
    const done = (): void =>
      resolve({ status: response.statusCode ?? 0, type, text: Buffer.concat(chunks).toString('utf8') });
    // A stream has no end of its own.
    if (type.includes('event-stream')) {
      response.destroy();
      done();
    }
    response.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size > MOST_BYTES) response.destroy();
    });
    response.on('end', done);
    response.on('close', done);
    response.on('error', done);
  });
  sent.setTimeout(END_MS, () => {
    ended(`no answer within ${END_MS} ms`);
    sent.destroy();
  });
  // The server may close a connection whose body it does not want to read.
  sent.on('error', (error: NodeJS.ErrnoException) =>
    error.code === 'ECONNREFUSED' ? ended('the host is gone') : resolve({ status: 400, type: '', text: '' }),
  );
  sent.end(bytes ?? undefined);
  return promise;
}

const wire = (headers: Readonly<Record<string, string | number>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Buffer.from(String(value)).toString('latin1')]),
  );
