// timeout: 90
/** What a server of another kind does otherwise, as HAPI was seen to: the embedded server behind a proxy that does the same. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createFhirCapability, type FhirCapability } from '../../host/broker/fhir.ts';
import { readEnvironment } from '../../host/env.ts';
import { fhirOptions } from '../../host/fhir.ts';
import { type Fixture, idsIn, type Json, openFixture, runOf } from './fixture.ts';

const TOKEN = 'a-token-of-the-server';
const RUN_ID = 'identifier=urn:temporal:run-id|w1';

interface Other {
  fhir: Fixture;
  capability: FhirCapability;
  base: string;
  heard: { readonly line: string; readonly fresh: boolean }[];
  close: () => Promise<void>;
}

const test = suite<Other>('fhir of another server');

test.before(async (context) => {
  const fhir = await openFixture();
  const heard: Other['heard'] = [];
  const pages = new Map<string, string>();
  const server = createServer(async (request, response) => {
    const { method = '', url = '', headers } = request;
    heard.push({ line: `${method} ${url}`, fresh: headers['cache-control'] === 'no-cache' });
    const end = (status: number, body: unknown) =>
      response.writeHead(status, { 'content-type': 'application/fhir+json' }).end(JSON.stringify(body));
    if (headers.authorization !== `Bearer ${TOKEN}`) return void end(401, { resourceType: 'OperationOutcome' });
    if (/^\/fhir\/Billing/.test(url)) {
      return void end(404, { resourceType: 'OperationOutcome', issue: [{ diagnostics: 'Unknown resource type' }] });
    }
    const page = /^\/fhir\/?\?.*_getpages=([^&]*)/.exec(url)?.[1];
    const target = page === undefined ? url : `/fhir/${pages.get(page)}`;
    const sent = await text(request);
    const body = sent === '' ? undefined : ignorant(JSON.parse(sent));
    const match = headers['if-match'];
    const answer = await fhir.send(method, target, body, match === undefined ? {} : { 'if-match': String(match) });
    const { entry, link } = answer.body as {
      entry?: { response?: Json; resource?: { meta?: Json } }[];
      link?: { relation: string; url: string }[];
    };
    for (const { response: each, resource } of entry ?? []) if (each) each.etag = resource?.meta?.versionId;
    for (const each of link ?? []) {
      if (each.relation !== 'next') continue;
      const id = String(pages.size + 1);
      pages.set(id, each.url.split('/fhir/')[1] ?? '');
      each.url = `${context.base}?_getpages=${id}&_getpagesoffset=2&_count=2&_pretty=true&_bundletype=searchset`;
    }
    end(answer.status, answer.body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  context.base = `${url}/fhir`;
  const settings = { FHIR_BASE_URL: context.base, FHIR_TOKEN: TOKEN, FHIR_TENANT_MODE: 'none' };
  const capability = createFhirCapability(fhirOptions(readEnvironment(settings), null));
  Object.assign(context, { fhir, capability, heard });
  context.close = async () => {
    await capability.close();
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
    await fhir[Symbol.asyncDispose]();
  };
});

test.after((context) => context.close());

/** A bundle whose `ifNoneMatch` nobody looks at. */
function ignorant(body: Json): Json {
  if (!Array.isArray(body.entry)) return body;
  const entry = body.entry.map(({ request: { ifNoneMatch: _, ...request }, ...rest }) => ({ ...rest, request }));
  return { ...body, entry };
}

async function call({ capability }: Other, method: string, args: unknown, key = method): Promise<Json> {
  const found = capability.methods.get(`fhir.${method}`);
  if (!found) throw new Error(`no method fhir.${method}`);
  let writes = 0;
  return (await found(
    args,
    runOf(null, { nextWriteKey: () => (key.startsWith('digits') ? key : `${key}:${writes++}`) }),
  )) as Json;
}

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'none',
    ({ code }: { code?: string }) => code,
  );
const transaction = (...entry: object[]) => ({ bundle: { resourceType: 'Bundle', type: 'transaction', entry } });
const put = (resource: Json, more = {}) => ({
  resource,
  request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}`, ...more },
});

test('a link to a further page that names no type leads a script through all of them', async (context) => {
  const ids = ['1', '2', '3', '4', '5'].map((id) => `m${id}`);
  await call(context, 'transaction', transaction(...ids.map((id) => put({ resourceType: 'Media', id }))));
  const found: unknown[] = [];
  let params: unknown = { _count: 2 };
  for (let pages = 0; params !== null && pages < 9; pages += 1) {
    const page = await call(context, 'search', { type: 'Media', params });
    found.push(...idsIn(page));
    const next = (page.link as { relation: string; url: string }[]).find(({ relation }) => relation === 'next');
    assert.not.match(JSON.stringify(page), /127\.0\.0\.1|_pretty/);
    params = next ? Object.fromEntries(new URLSearchParams(next.url.split('?')[1])) : null;
  }
  assert.equal(found.sort(), ids);
});

test('a search is never answered from an earlier one', async (context) => {
  await call(context, 'search', { type: 'Media', params: { _id: 'fresh' } });
  assert.equal(context.heard.at(-1), { line: 'GET /fhir/Media?_id=fresh', fresh: true });
});

test('the version that a transaction tells is one that ifMatch takes', async (context) => {
  const answer = await call(context, 'transaction', transaction(put({ resourceType: 'Media', id: 'tag' })));
  const ifMatch = (answer.entry as { response: Json }[])[0]?.response.etag;
  assert.is(ifMatch, 'W/"1"');
  const again = transaction(put({ resourceType: 'Media', id: 'tag', status: 'completed' }, { ifMatch }));
  await call(context, 'transaction', again);
  assert.is(await codeOf(call(context, 'transaction', again)), 'CONFLICT');
});

test('ifNoneMatch * of a transaction writes over nothing, of no type', async (context) => {
  for (const resourceType of ['Media', 'BillingCase']) {
    const first = put({ resourceType, id: 'once', status: 'draft' }, { ifNoneMatch: '*' });
    await call(context, 'transaction', transaction(first));
    const second = put({ resourceType, id: 'once', status: 'closed' }, { ifNoneMatch: '*' });
    assert.is(await codeOf(call(context, 'transaction', transaction(second))), 'CONFLICT');
    assert.is((await call(context, 'read', { type: resourceType, id: 'once' })).status, 'draft');
  }
});

test('the host keeps one BillingWorkflow per run, as Basic, where the type is unknown', async ({
  capability,
  fhir,
}) => {
  const { host } = capability;
  const identifier = [{ system: 'urn:temporal:run-id', value: 'w1' }];
  const resource = {
    resourceType: 'BillingWorkflow',
    status: 'in-progress',
    identifier,
    executionPeriod: { start: 's' },
  };
  const { id } = await host.create(null, resource, RUN_ID);
  await host.patch(null, 'BillingWorkflow', id, [
    { op: 'replace', path: '/status', value: 'failed' },
    { op: 'add', path: '/executionPeriod/end', value: 'e' },
  ]);
  assert.is((await host.create(null, resource, RUN_ID)).id, id);
  const found = await host.search(null, 'BillingWorkflow', { identifier: 'urn:temporal:run-id|w1' });
  const [entry] = found.entry as { fullUrl: string; resource: Json }[];
  assert.is(entry?.fullUrl, `BillingWorkflow/${id}`);
  const { meta: _, ...kept } = entry?.resource ?? {};
  assert.equal(kept, { ...resource, id, status: 'failed', executionPeriod: { start: 's', end: 'e' } });
  assert.is((await fhir.send('GET', `/fhir/Basic/BillingWorkflow.${id}`)).status, 200);
  await host.remove(null, 'BillingWorkflow', id);
  await host.remove(null, 'BillingWorkflow', id);
  assert.is(await codeOf(host.read(null, 'BillingWorkflow', id)), 'NOT_FOUND');
});

test('a patch whose copies double what is there is refused, and nothing is written', async ({ capability }) => {
  const { host } = capability;
  const { id } = await host.create(null, { resourceType: 'BillingTask', note: ['much'] }, 'identifier=urn:t|doubled');
  const doubling = Array.from({ length: 40 }, () => ({ op: 'copy', from: '/note', path: '/note/-' }) as const);
  assert.is(await codeOf(host.patch(null, 'BillingTask', id, doubling)), 'INVALID');
  assert.equal((await host.read(null, 'BillingTask', id)).note, ['much']);
});

test('a script writes and finds billing resources where their types are unknown', async (context) => {
  const urn = 'urn:uuid:11111111-1111-4111-8111-111111111111';
  const request = (url: string) => ({ method: 'POST', url });
  const answer = await call(
    context,
    'transaction',
    transaction(
      { fullUrl: urn, resource: { resourceType: 'BillingCase', status: 'draft' }, request: request('BillingCase') },
      {
        resource: { resourceType: 'BillingTask', status: 'pending', billingCase: { reference: urn }, code: 'X' },
        request: request('BillingTask'),
      },
    ),
  );
  const [made, task] = (answer.entry as { response: { location: string } }[]).map(({ response }) => response.location);
  assert.match(`${made} ${task}`, /^BillingCase\/[0-9a-f]{32} BillingTask\/[0-9a-f]{32}$/);
  const search = (params: Json) => call(context, 'search', { type: 'BillingTask', params });
  for (const reference of [made, made?.split('/')[1]]) {
    const page = await search({ 'billing-case': reference, status: 'completed,pending', _count: 500 });
    assert.equal(idsIn(page), [task?.split('/')[1]]);
  }
  assert.equal(idsIn(await search({ 'billing-case': made, status: 'completed' })), []);
  const [id] = idsIn(await search({ code: 'X' }));
  const read = await call(context, 'read', { type: 'BillingTask', id });
  assert.equal([read.code, (read.billingCase as Json).reference], ['X', made]);
  await call(context, 'update', { resource: { ...read, status: 'completed' } });
  assert.is(await codeOf(call(context, 'update', { resource: { ...read, status: 'lost' } })), 'CONFLICT');
  assert.is(await codeOf(call(context, 'read', { type: 'BillingCase', id })), 'NOT_FOUND');
  assert.is(await codeOf(search({ _revinclude: 'Task:focus' })), 'INVALID');
  const blind = { request: { method: 'DELETE', url: 'BillingTask?status=completed' } };
  assert.is(await codeOf(call(context, 'transaction', transaction(blind))), 'INVALID');
});

test('an id that the host makes is never of digits alone', async (context) => {
  const { id } = await call(context, 'create', { resource: { resourceType: 'Media' } }, 'digits-1031633');
  assert.match(String(id), /^[0-9a-f]{32}$/);
  assert.match(String(id), /[a-f]/);
});

test('whether it is up is asked without the whole of its statement', async ({ capability, heard }) => {
  await capability.host.ping();
  assert.is(heard.at(-1)?.line, 'GET /fhir/metadata?_elements=fhirVersion');
});

test.run();
