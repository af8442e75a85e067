import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ApiError } from '../../host/error.ts';
import { parseBody } from '../../host/webhooks/body.ts';
import { readEvents } from '../../host/webhooks/events.ts';

const events = suite('events out of bodies');
const POST = { reference: null, method: 'POST' } as const;
const JSON_HEAD = { contentType: 'application/fhir+json; charset=utf-8', contentEncoding: undefined };

const encounter = (id: string) => ({ resourceType: 'Encounter', id, status: 'finished' });

function aidbox(notificationEvent: unknown[], entries: unknown[], type = 'event-notification') {
  const status = {
    resourceType: 'AidboxSubscriptionStatus',
    status: 'active',
    type,
    notificationEvent,
    topic: 'http://billing/triggers/encounter-finished',
    'topic-destination': { reference: 'AidboxTopicDestination/ts-trigger-dest-x' },
  };
  return { resourceType: 'Bundle', type: 'history', entry: [{ resource: status }, ...entries] };
}

const notified = (eventNumber: number, reference?: string) => ({
  eventNumber,
  ...(reference && { focus: { reference } }),
});
const entryOf = (id: string, more: object = { resource: encounter(id) }) => ({
  fullUrl: `http://fhir/Encounter/${id}`,
  request: { method: 'POST', url: `/fhir/Encounter` },
  ...more,
});

/** Resources and what the mapping is told beside them, without the identity. */
const told = (body: unknown, address: Parameters<typeof readEvents>[1] = POST) =>
  readEvents(body, address).map(({ resource, event }) => ({ resource, event }));

events(
  'a bundle gives an event for each resource, in its order, with the number of its own notification (API-36)',
  () => {
    const body = aidbox(
      [notified(7, 'Encounter/b'), notified(8, 'Encounter/a'), notified(9, 'Encounter/b')],
      [entryOf('a'), entryOf('b'), entryOf('b')],
    );
    assert.equal(
      told(body).map(({ resource, event }) => [resource.id, event.eventNumber, event.focus, event.method]),
      [
        ['a', 8, 'Encounter/a', 'POST'],
        ['b', 7, 'Encounter/b', 'POST'],
        ['b', 9, 'Encounter/b', 'POST'],
      ],
    );
  },
);

events('id-only notifications give type and id, from fullUrl or from focus (API-37)', () => {
  const byUrl = aidbox([notified(1, 'Encounter/a')], [entryOf('a', {})]);
  assert.equal(told(byUrl), [
    {
      resource: { resourceType: 'Encounter', id: 'a' },
      event: { eventNumber: 1, focus: 'Encounter/a', method: 'POST' },
    },
  ]);
  const byFocus = aidbox([notified(1, 'Encounter/a'), notified(2, 'Encounter/c')], [entryOf('a', {})]);
  assert.equal(told(byFocus)[1]?.resource, { resourceType: 'Encounter', id: 'c' });
});

events('empty notifications give {} with number and focus (API-37)', () => {
  assert.equal(told(aidbox([notified(4, 'Encounter/a'), notified(5)], [])), [
    { resource: {}, event: { eventNumber: 4, focus: 'Encounter/a', method: null } },
    { resource: {}, event: { eventNumber: 5, focus: null, method: null } },
  ]);
});

events('a deletion gives type and id, whatever else the entry holds', () => {
  const request = { method: 'DELETE', url: '/fhir/Encounter/a' };
  const body = aidbox([notified(1, 'Encounter/a')], [{ request, resource: encounter('a') }]);
  assert.equal(told(body), [
    {
      resource: { resourceType: 'Encounter', id: 'a' },
      event: { eventNumber: 1, focus: 'Encounter/a', method: 'DELETE' },
    },
  ]);
});

events('handshakes and heartbeats give none', () => {
  for (const type of ['handshake', 'heartbeat']) assert.equal(told(aidbox([notified(1)], [entryOf('a')], type)), []);
});

events('bundles of the R5 backport give the focus, and leave out what only goes with it', () => {
  const status = {
    resourceType: 'Parameters',
    parameter: [
      { name: 'subscription', valueReference: { reference: 'Subscription/s' } },
      { name: 'type', valueCode: 'event-notification' },
      {
        name: 'notification-event',
        part: [
          { name: 'event-number', valueString: '2' },
          { name: 'focus', valueReference: { reference: 'http://fhir/Encounter/a' } },
        ],
      },
    ],
  };
  const patient = { resource: { resourceType: 'Patient', id: 'p' } };
  const found = readEvents({ resourceType: 'Bundle', entry: [{ resource: status }, entryOf('a'), patient] }, POST);
  assert.equal(
    found.map(({ resource, event }) => [resource.id, event.eventNumber]),
    [['a', '2']],
  );
  const heartbeat = { resourceType: 'SubscriptionStatus', type: 'heartbeat' };
  assert.equal(told({ resourceType: 'Bundle', entry: [{ resource: heartbeat }] }), []);
});

events('a bundle without status and a bare resource give their resources', () => {
  const bundle = { resourceType: 'Bundle', entry: [{ resource: encounter('a') }, entryOf('b')] };
  assert.equal(
    told(bundle).map(({ resource }) => resource.id),
    ['a', 'b'],
  );
  assert.equal(told(encounter('a')), [
    { resource: encounter('a'), event: { eventNumber: null, focus: 'Encounter/a', method: null } },
  ]);
});

events('R4 servers put one resource, delete one, or post nothing at all', () => {
  const put = { reference: 'Encounter/a', method: 'PUT' } as const;
  assert.equal(told(encounter('a'), put)[0]?.event, { eventNumber: null, focus: 'Encounter/a', method: 'PUT' });
  assert.throws(
    () => told(encounter('b'), put),
    (error: unknown) => error instanceof ApiError,
  );
  const stub = { resourceType: 'Encounter', id: 'a' };
  const gone = { eventNumber: null, focus: 'Encounter/a', method: 'DELETE' };
  assert.equal(told(undefined, { ...put, method: 'DELETE' }), [{ resource: stub, event: gone }]);
  assert.equal(told({}, { ...put, method: 'POST' }), [{ resource: stub, event: gone }]);
  assert.equal(told(undefined), [{ resource: {}, event: { eventNumber: null, focus: null, method: null } }]);
});

events('an event keeps its identity when it is delivered again, and none other has it', () => {
  const identity = (body: unknown) => readEvents(body, POST).map((each) => each.identity);
  const one = aidbox([notified(1, 'Encounter/a')], [entryOf('a')]);
  assert.equal(identity(one), identity({ ...structuredClone(one), timestamp: 'later' }));
  const [first] = identity(one);
  // A destination that was made anew counts from the start.
  const anew = aidbox([notified(1, 'Encounter/a')], [entryOf('a', { resource: { ...encounter('a'), status: 'new' } })]);
  for (const other of [aidbox([notified(2, 'Encounter/a')], [entryOf('a')]), anew])
    assert.not.equal(identity(other), [first]);
  assert.equal(identity(encounter('a')), [null]);
});

events('what is neither a bundle nor a resource is refused', () => {
  for (const body of [
    [],
    'text',
    7,
    null,
    {},
    { resourceType: 7 },
    { resourceType: 'x y' },
    { resourceType: 'Bundle', entry: 7 },
  ]) {
    assert.throws(
      () => told(body),
      (error: unknown) => error instanceof ApiError && error.code === 'BODY_INVALID',
    );
  }
});

events('bodies that reach for a prototype, are too deep or no JSON are refused (ADM-06, ADM-07)', () => {
  const parse = (text: string | Buffer, head: Partial<typeof JSON_HEAD> = {}) =>
    parseBody(Buffer.from(text), { ...JSON_HEAD, ...head });
  assert.equal(parse('{"a":[1]}'), { a: [1] });
  assert.is(parse(''), undefined);
  const refused = [
    '{"a":{"__proto__":{"x":1}}}',
    '{"\\u005f_proto__":1}',
    '[{"constructor":1}]',
    `${'['.repeat(100_000)}${']'.repeat(100_000)}`,
    `${'['.repeat(300)}${']'.repeat(300)}`,
    '{',
    Buffer.from([0x22, 0xff, 0x22]),
  ];
  for (const text of refused) {
    assert.throws(
      () => parse(text),
      (error: unknown) => error instanceof ApiError && error.status === 400,
    );
  }
  assert.throws(() => parse('{}', { contentType: 'text/plain' }));
  assert.throws(() => parse('{}', { contentType: 'application/jsonx' }));
  assert.throws(() => parseBody(Buffer.from('{}'), { ...JSON_HEAD, contentEncoding: 'gzip' }));
  assert.is(({} as { x?: number }).x, undefined);
});

events.run();
