import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { eventually } from '../api/call.ts';
import { type Fixture, of, openFixture } from '../fhir/fixture.ts';

const test = suite('the embedded FHIR server tells destinations what has changed');
const owned = new AsyncDisposableStack();
let fhir: Fixture;
let receiver: Server;
/** Notifications as they came, and what the receiver answers. */
// biome-ignore lint/suspicious/noExplicitAny: tests read bodies as a client in JavaScript would
const got: { url: string; headers: Record<string, unknown>; body: any }[] = [];
let answer = 200;

test.before(async () => {
  receiver = createServer(async (request, response) => {
    const body = await json(request);
    if (answer === 200) got.push({ url: String(request.url), headers: request.headers, body });
    response.writeHead(answer).end('{}');
  }).listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  owned.defer(() => {
    receiver.closeAllConnections();
    receiver.close();
  });
  fhir = owned.use(await openFixture());
});
test.after(() => owned.disposeAsync());
test.before.each(() => {
  got.length = 0;
  answer = 200;
});

async function subscribe(
  id: string,
  watched: Record<string, unknown>,
  more: Record<string, unknown> = {},
): Promise<void> {
  const { port } = receiver.address() as AddressInfo;
  const url = `http://billing/triggers/${id}`;
  const topic = { resourceType: 'AidboxSubscriptionTopic', id, url, status: 'active', trigger: [watched] };
  await fhir.send('PUT', `/fhir/AidboxSubscriptionTopic/${id}`, topic);
  await fhir.send('PUT', `/fhir/AidboxTopicDestination/${id}`, {
    resourceType: 'AidboxTopicDestination',
    id,
    status: 'active',
    topic: url,
    parameter: [
      { name: 'endpoint', valueUrl: `http://127.0.0.1:${port}/${id}` },
      { name: 'header', valueString: 'Authorization: Bearer secret' },
    ],
    ...more,
  });
}
const unsubscribe = (id: string) => fhir.send('DELETE', `/fhir/AidboxTopicDestination/${id}`);
const put = (id: string, status: string, base = '/fhir') =>
  fhir.send('PUT', `${base}/Encounter/${id}`, { resourceType: 'Encounter', id, status });
/** Entries of all notifications but their first. */
const entries = () => got.flatMap(({ body }) => body.entry.slice(1));
const arrived = (count: number) => eventually(async () => (entries().length >= count ? entries() : null));

test('what matches type, interaction and criteria is told, with the resource and the header', async () => {
  await subscribe('match', {
    resource: 'Encounter',
    supportedInteraction: ['create', 'update'],
    fhirPathCriteria: "status = 'finished'",
  });
  await put('m1', 'planned');
  await fhir.send('PUT', '/fhir/Patient/m1', { resourceType: 'Patient', id: 'm1' });
  await put('m1', 'finished');
  await fhir.send('DELETE', '/fhir/Encounter/m1');
  await put('m2', 'finished');
  const told = await arrived(2);
  assert.equal(
    told.map(({ request, resource }) => [request.method, request.url, resource.status]),
    [
      ['PUT', 'Encounter/m1', 'finished'],
      ['POST', 'Encounter/m2', 'finished'],
    ],
  );
  const [{ url, headers, body } = { url: '', headers: {}, body: null }] = got;
  assert.equal([url, headers.authorization, body.type], ['/match', 'Bearer secret', 'history']);
  const [{ resource: status }] = body.entry;
  assert.is(status.resourceType, 'AidboxSubscriptionStatus');
  assert.is(status.type, 'event-notification');
  assert.is(status.notificationEvent[0].focus.reference, 'Encounter/m1');
  await unsubscribe('match');
});

test('a resource of a tenant carries the mark of its organization', async () => {
  await subscribe('tenant', { resource: 'Encounter' });
  await put('t1', 'finished', of('org-1'));
  const [{ resource }] = await arrived(1);
  assert.equal(resource.meta.extension, [
    { url: 'https://aidbox.app/tenant-organization-id', valueReference: { reference: 'Organization/org-1' } },
  ]);
  const { meta } = (await fhir.send('GET', `${of('org-1')}/Encounter/t1`)).body as { meta?: Record<string, unknown> };
  assert.is(meta?.extension, undefined, 'what is stored has none');
  await unsubscribe('tenant');
});

test('id-only has no resource, empty has no entries, and of a delete only the id is told', async () => {
  await subscribe('id', { resource: 'Encounter' }, { content: 'id-only' });
  await subscribe('none', { resource: 'Encounter' }, { content: 'empty' });
  await put('c1', 'planned');
  await fhir.send('DELETE', '/fhir/Encounter/c1');
  await eventually(async () =>
    got.filter(({ url }) => url === '/none').length >= 1 && entries().length >= 2 ? true : null,
  );
  assert.equal(
    entries().map(({ request, resource }) => [request.method, resource]),
    [
      ['POST', undefined],
      ['DELETE', undefined],
    ],
  );
  for (const id of ['id', 'none']) await unsubscribe(id);
});

test('what a receiver does not take is told again, in order, also after a restart of the server', async () => {
  await subscribe('again', { resource: 'Encounter' });
  answer = 503;
  for (const id of ['a1', 'a2', 'a3']) await put(id, 'planned');
  await fhir.restart();
  await put('a4', 'planned');
  assert.equal(got, []);
  answer = 200;
  const told = await arrived(4);
  assert.equal(
    told.map(({ request }) => request.url),
    ['a1', 'a2', 'a3', 'a4'].map((id) => `Encounter/${id}`),
  );
  await unsubscribe('again');
});

test('a transaction that comes to nothing tells nothing', async () => {
  await subscribe('rollback', { resource: 'Encounter' });
  const entry = (resource: Record<string, unknown>) => ({
    resource,
    request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` },
  });
  const bundle = {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [
      entry({ resourceType: 'Encounter', id: 'r1', status: 'planned' }),
      entry({ resourceType: 'Nothing', id: 'r2' }),
    ],
  };
  assert.ok((await fhir.send('POST', '/fhir', bundle)).status >= 400);
  await put('r3', 'planned');
  const told = await arrived(1);
  assert.equal(
    told.map(({ request }) => request.url),
    ['Encounter/r3'],
  );
  await unsubscribe('rollback');
});

test('a destination that a tenant writes is told nothing', async () => {
  const { port } = receiver.address() as AddressInfo;
  const topic = {
    resourceType: 'AidboxSubscriptionTopic',
    id: 'spy',
    url: 'http://spy',
    status: 'active',
    trigger: [{ resource: 'Encounter' }],
  };
  await fhir.send('PUT', `${of('org-2')}/AidboxSubscriptionTopic/spy`, topic);
  await fhir.send('PUT', `${of('org-2')}/AidboxTopicDestination/spy`, {
    resourceType: 'AidboxTopicDestination',
    id: 'spy',
    status: 'active',
    topic: 'http://spy',
    parameter: [{ name: 'endpoint', valueUrl: `http://127.0.0.1:${port}/spy` }],
  });
  await subscribe('own', { resource: 'Encounter' });
  await put('s1', 'planned', of('org-1'));
  await arrived(1);
  assert.ok(got.every(({ url }) => url === '/own'));
  await unsubscribe('own');
});

test.run();
