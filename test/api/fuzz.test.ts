// timeout: 180
/** What a hostile caller gets at every endpoint, after its own schemas: requests of the catalogue (ADM), and 2,000 of chance. */
import { Agent } from 'node:http';
import { connect } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ERROR_BODY, openapiDocument } from '../../host/api/openapi.ts';
import { ENDPOINTS } from '../../host/api/server.ts';
import { faultsOf, signatureOf } from '../fuzz/attempt.ts';
import { Random } from '../fuzz/random.ts';
import { takeStrays, watchStrays } from '../fuzz/strays.ts';
import { endpointsBench, endpointsHost } from '../fuzz/targets/endpoints.ts';
import { type Answer, type Asked, exchange } from '../fuzz/targets/exchange.ts';
import { APP_SECRET } from '../fuzz/targets/plan.ts';
import { type Document, type Operation, operationsOf, type Schema, sampleOf } from '../fuzz/targets/requests.ts';
import type { TestHost } from '../stand/host.ts';

const test = suite('hostile requests to every endpoint');
const CASES = 450;
/** The server reads no body before it knows its length: one endpoint of each way to take one is enough. */
const LARGE = ['run-workflow', 'publish-plugin', 'trigger-webhook', 'rpc'];
/** The loop of the host, which is this process too, is never held so long. Half a second of it is the tests' own. */
const HELD_MS = 1_000;
/** Signed endpoints look at the sender first. */
const SIGNED = [400, 401, 404, 413, 415];
const document = openapiDocument(ENDPOINTS) as unknown as Document;
const operations = operationsOf(document);
const agent = new Agent({ keepAlive: true });
let stand: TestHost;

test.before(async () => {
  watchStrays();
  stand = await endpointsHost();
});
test.after(async () => {
  agent.destroy();
  await stand.close();
});

/** Signed where that opens something, so that what comes after is met. */
const headersOf = ({ id, body }: Operation): Record<string, string> => ({
  ...(body && { 'content-type': body.type }),
  ...(id === 'rpc' && { authorization: `Basic ${btoa(`ts-billing-app:${APP_SECRET}`)}` }),
});
const ask = (asked: Partial<Asked>): Promise<Answer> =>
  exchange(stand.host.url, { method: 'GET', url: '/', headers: {}, body: null, ...asked }, agent);
const filled = (path: string, id = 'w'): string => path.replace(/\{\w+\}/g, id);
const askOf = (operation: Operation, more: Partial<Asked> = {}): Promise<Answer> =>
  ask({ method: operation.method, url: filled(operation.path), headers: headersOf(operation), ...more });

function assertError(answer: Answer, statuses: readonly number[], what: string): Record<string, unknown> {
  assert.ok(statuses.includes(answer.status), `${what}: ${answer.status} ${answer.text.slice(0, 300)}`);
  if (answer.text === '') return {};
  const { success, data } = ERROR_BODY.safeParse(JSON.parse(answer.text));
  assert.ok(success, `${what}: ${answer.text.slice(0, 300)}`);
  return { ...data };
}

async function withoutHolding(work: () => Promise<void>): Promise<void> {
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  await work();
  delay.disable();
  assert.ok(delay.max / 1e6 < HELD_MS, `the loop was held for ${delay.max / 1e6} ms`);
}

/** Operations with a JSON body. */
const withBody = operations.filter(({ body }) => body?.type === 'application/json');
const resolved = (schema: Schema): Schema => {
  const { $ref } = schema as { $ref?: string };
  return $ref === undefined ? schema : (document.components.schemas[$ref.slice($ref.lastIndexOf('/') + 1)] ?? {});
};
/** A body that the endpoint's own schema admits. */
function validBody({ id, body }: Operation): unknown {
  const own = ENDPOINTS.find(({ operation }) => operation === id)?.body;
  for (let seed = 0; seed < 200; seed++) {
    const value = sampleOf(resolved(body?.schema ?? {}), document.components.schemas, seed);
    if (own === undefined || own.safeParse(value).success) return value;
  }
  throw new Error(`no body for ${id}`);
}
/** Those whose body has fields of ours. */
const withFields = withBody.flatMap((operation) => {
  const schema = resolved(operation.body?.schema ?? {});
  const {
    properties,
    required = [],
    additionalProperties,
  } = schema as {
    properties?: Record<string, Schema>;
    required?: string[];
    additionalProperties?: unknown;
  };
  if (properties === undefined || operation.id === 'rpc') return [];
  const valid = validBody(operation) as Record<string, unknown>;
  return [{ operation, properties, required, isStrict: additionalProperties === false, valid }];
});

/** A value that no schema of this kind admits; undefined where any would do. */
function wrong(schema: Schema): unknown {
  const { type } = resolved(schema) as { type?: string | string[] };
  if (type === undefined) return undefined;
  return [type].flat().includes('object') ? [] : { odd: true };
}

test('ADM-12: a field of the wrong type, or one that is missing, is 400 that names it, at every endpoint', async () => {
  for (const { operation, properties, required, valid } of withFields) {
    for (const [name, schema] of Object.entries(properties)) {
      const cases = [...(required.includes(name) ? [undefined] : []), wrong(schema)].entries();
      for (const [i, value] of cases) {
        if (value === undefined && (i > 0 || !required.includes(name))) continue;
        const answer = await askOf(operation, { body: JSON.stringify({ ...valid, [name]: value }) });
        const what = `${operation.id} ${name}: ${JSON.stringify(value)}`;
        const { code, where } = assertError(answer, [400], what);
        assert.ok(String(where).startsWith(`body ${name}`), `${what}: ${code} ${where}`);
      }
    }
    for (const body of ['[]', '"x"', '1', 'null']) {
      if (body === 'null' && required.length === 0) continue;
      assertError(await askOf(operation, { body }), [400], `${operation.id} ${body}`);
    }
  }
});

test('halves of characters, which Temporal does not take, are 400 where a text goes there', async () => {
  for (const [id, name] of [
    ['pause-schedule', 'note'],
    ['resume-schedule', 'note'],
    ['cancel-run', 'reason'],
    ['terminate-run', 'reason'],
  ]) {
    const operation = operations.find((each) => each.id === id) as Operation;
    const { where } = assertError(await askOf(operation, { body: `{"${name}":"\\udfff"}` }), [400], `${id}`);
    assert.is(where, `body ${name}`);
  }
});

test('ADM-12: a query of the wrong form is 400 that names it, at every endpoint', async () => {
  for (const operation of operations) {
    for (const { name, schema } of operation.query) {
      const { type, enum: words, pattern } = schema as { type?: string; enum?: unknown; pattern?: unknown };
      if (type === 'string' && !words && !pattern) continue;
      const answer = await askOf(operation, { url: `${filled(operation.path)}?${name}=%00odd&${name}=x` });
      const { where } = assertError(answer, [400], `${operation.id} ${name}`);
      assert.ok(String(where).startsWith(`query ${name}`), `${operation.id} ${name}: ${where}`);
    }
  }
});

test('ADM-08: a field that is not ours to be given (tenantId, role, status, digest) is 400 by its name', async () => {
  for (const { operation, properties, isStrict, valid } of withFields) {
    if (!isStrict) continue;
    for (const name of ['tenantId', 'role', 'status', 'digest', 'constructor', 'id_', 'createdBy']) {
      if (Object.hasOwn(properties, name)) continue;
      const answer = await askOf(operation, { body: JSON.stringify({ ...valid, [name]: 'x' }) });
      const { expected } = assertError(answer, [400], `${operation.id} ${name}`);
      assert.match(String(expected), name, `${operation.id} ${name}`);
    }
  }
});

test('ADM-06: a body with __proto__, however deep, is 400 and changes nothing', async () => {
  for (const operation of withBody) {
    for (const body of ['{"__proto__":{"polluted":1}}', '{"a":[{"\\u005f_proto__":{"polluted":1}}]}']) {
      const answer = await askOf(operation, { body });
      assertError(answer, operation.isOpen ? SIGNED : [400], `${operation.id} ${body}`);
    }
  }
  assert.is(({} as { polluted?: unknown }).polluted, undefined);
});

test('ADM-09: ids with a slash, a newline, 2,000 characters or an emoji name nothing, at every endpoint', async () => {
  const odd = ['a/b', 'a\nb', 'x'.repeat(2_000), '😀', '../w', '\u0000', '__proto__', ' w', '*', "'--"];
  for (const operation of operations.filter(({ path }) => path.includes('{'))) {
    for (const id of odd) {
      const body = operation.body?.type === 'application/json' ? JSON.stringify(validBody(operation)) : null;
      const answer = await askOf(operation, { url: filled(operation.path, encodeURIComponent(id)), body });
      const what = `${operation.id} ${JSON.stringify(id.slice(0, 20))}`;
      assertError(answer, [400, 401, 404, 409, 415, 501], what);
      assert.ok(!answer.text.includes('x'.repeat(200)), what);
    }
  }
});

/** Ways to write `/quarantines`, or to make something of another endpoint of it. */
const PATHS = [
  '/quarantines/',
  '//quarantines',
  '/%71uarantines',
  '/QUARANTINES',
  '/quarantines;x',
  '/quarantines%00',
  '/quarantines%2f',
  '/quarantines%3F',
  '/health/%2e%2e/quarantines',
  '/health/../quarantines',
  '/health/..%2fquarantines',
  '/health;/../quarantines',
  '/docs/../quarantines',
  '/./quarantines',
  '/quarantines?/health',
  '/quarantines?/triggers/x/webhook',
  '/quarantines/health',
  '\\quarantines',
];

test('ADM-04, ADM-05: however a path is written, without access it is 401, and with it what the canonical path is', async () => {
  const foreign = { origin: 'http://evil.example' };
  const canonical = await ask({ url: '/quarantines' });
  assert.is(canonical.status, 200);
  for (const url of PATHS) {
    for (const method of ['GET', 'POST', 'PUT', 'DELETE']) {
      assertError(await ask({ method, url, headers: foreign }), [401, 400], `${method} ${url}`);
    }
    const answer = await ask({ url });
    if (answer.status === 200) assert.is(answer.text, canonical.text, url);
    else assertError(answer, [400, 404], url);
  }
  for (const absolute of ['http://evil.example/quarantines', 'evil.example:80', '*']) {
    const { host } = new URL(stand.host.url);
    const answer = await raw(
      `GET ${absolute} HTTP/1.1\r\nHost: ${host}\r\nOrigin: http://evil.example\r\nConnection: close\r\n\r\n`,
    );
    assert.match(answer, /^HTTP\/1\.1 40[01] /, absolute);
  }
});

test('ADM-05: headers and fields that name another method or path change nothing', async () => {
  const overrides = [
    { 'x-http-method-override': 'GET' },
    { 'x-http-method': 'GET' },
    { 'x-method-override': 'GET' },
    { 'x-original-url': '/health' },
    { 'x-rewrite-url': '/health' },
    { 'x-forwarded-prefix': '/health' },
  ];
  for (const headers of overrides) {
    assertError(await ask({ method: 'POST', url: '/quarantines', headers }), [405], JSON.stringify(headers));
    const answer = await ask({ url: '/quarantines', headers: { ...headers, origin: 'http://evil.example' } as never });
    assertError(answer, [401], JSON.stringify(headers));
  }
  assertError(await ask({ method: 'POST', url: '/quarantines?_method=GET' }), [405], '_method');
});

function raw(bytes: string): Promise<string> {
  const { hostname, port } = new URL(stand.host.url);
  const socket = connect(Number(port), hostname);
  socket.write(bytes);
  return text(socket).catch(() => '');
}

test('ADM-07: 50 MB, a gzip bomb, 10^5 levels and 10^6 parameters are refused, and the loop goes on', async () => {
  const large = Buffer.alloc(50 * 2 ** 20, 'x');
  const bomb = gzipSync(Buffer.alloc(512 * 2 ** 20), { level: 9 });
  const deep = [`${'{"a":'.repeat(1e5)}1${'}'.repeat(1e5)}`, `{"a":${'['.repeat(1e5)}${']'.repeat(1e5)}}`];
  const query = `?${'a=1&'.repeat(1e6)}`;
  await withoutHolding(async () => {
    for (const operation of withBody) {
      const { id, isOpen } = operation;
      if (LARGE.includes(id)) assertError(await askOf(operation, { body: large }), [400, 413], `${id} 50 MB`);
      const zipped = { ...headersOf(operation), 'content-encoding': 'gzip' };
      assertError(
        await askOf(operation, { body: bomb, headers: zipped }),
        isOpen ? SIGNED : [400, 413, 415],
        `${id} bomb`,
      );
      for (const body of deep) {
        assertError(await askOf(operation, { body }), isOpen ? SIGNED : [400, 413], `${id} deep`);
      }
    }
    assertError(await ask({ url: `/workflows${query}` }), [400, 414, 431], 'parameters');
    assert.is((await ask({ url: `/workflows?${'_a=1&'.repeat(3_000)}` })).status, 200);
  });
});

test('ADM-07: chunks without an end are cut off', async () => {
  const { hostname, port, host } = new URL(stand.host.url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  socket.write(
    `POST /workflows/w/run HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`,
  );
  const timer = setInterval(() => socket.write(`ffff\r\n${' '.repeat(0xffff)}\r\n`), 1);
  const answer = await text(socket).catch(() => '');
  clearInterval(timer);
  assert.match(answer, /^(HTTP\/1\.1 4(00|08|13) |$)/);
});

test('2,000 requests of chance: no unplanned 5xx, answers as declared, errors in their form, no path and no stack', async () => {
  const bench = { ...endpointsBench(stand), [Symbol.asyncDispose]: async () => undefined };
  const faults = new Map<string, string>();
  for (let i = 0; i < CASES; i++) {
    const input = bench.make(new Random(`npm test/${i}`));
    // What does not come again is a busy machine's.
    const first = await faultsOf(bench, input);
    for (const fault of first.length > 0 ? await faultsOf(bench, input) : []) {
      faults.set(signatureOf(fault), `case ${i}: ${fault}`);
    }
  }
  assert.equal([...faults.values()], []);
  const requests = bench.takeNotes?.().length ?? 0;
  assert.ok(requests > 1_500, `${requests} requests`);
});

test('the process had nothing that nobody handles, and /health answers', async () => {
  assert.equal(takeStrays(), []);
  assert.is((await ask({ url: '/health' })).status, 200);
});

test.run();
