import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createFhirCapability, type FhirHost } from '../../host/broker/fhir.ts';
import { limitsOf } from '../../host/triggers/r4.ts';
import { Registrar } from '../../host/triggers/registrar.ts';
import { serverKind } from '../../host/triggers/server.ts';
import { type Style, styleOf } from '../../host/triggers/style.ts';
import { profilesOf, type Receiver } from '../../host/triggers/topic.ts';
import type { Trigger } from '../../registry/index.ts';
import { type Fixture, openFixture } from '../fhir/fixture.ts';
import { type Habit, startProxy } from './proxy.ts';

const test = suite('subscriptions at a FHIR server');
const owned = new AsyncDisposableStack();
let fhir: Fixture;

test.before(async () => {
  fhir = owned.use(await openFixture());
});
test.after(() => owned.disposeAsync());

const RECEIVER: Receiver = { baseUrl: 'https://cloister.example', token: null, secretOf: () => undefined };
const OPEN = { signature: 'bearer', header: null, secrets: [], tenant: null, headers: [], repeats: 'once' } as const;

function trigger(id: string, more: Partial<Trigger> = {}): Trigger {
  return {
    id,
    type: 'subscription',
    workflow: 'prebill',
    description: null,
    subscriptionTopic: topic(id, [{ resource: 'Encounter', fhirPathCriteria: "status = 'finished'" }]),
    destination: null,
    mapping: `triggers/${id}/input-mapping.ts`,
    webhook: OPEN,
    spec: null,
    policies: null,
    input: null,
    problems: [],
    ...more,
  };
}

function topic(id: string, watched: readonly unknown[]) {
  return {
    resourceType: 'AidboxSubscriptionTopic',
    url: `http://billing/triggers/${id}`,
    status: 'active',
    trigger: watched,
  };
}

interface Stand {
  readonly asked: string[];
  readonly host: FhirHost;
  readonly style: Style;
  register(one: Trigger, receiver?: Receiver): Promise<{ action: string; names: readonly string[] }>;
  registrar: Registrar;
}

/** A registrar at a server with habits, of the style that its CapabilityStatement makes it. */
async function stand(habit: Habit): Promise<Stand> {
  const { url, asked } = owned.use(await startProxy(fhir.server.url, habit));
  const { host, close } = createFhirCapability({ baseUrl: url, mode: 'organization-prefix', auth: null });
  owned.defer(async () => close?.());
  const style = styleOf(serverKind(await host.statement(), 'auto'));
  if (!style) throw new Error('the server takes no subscriptions');
  const registrar = new Registrar(host, style);
  return {
    asked,
    host,
    style,
    registrar,
    register: async (one, receiver = RECEIVER) =>
      registrar.register(style.wanted(one, receiver), (await registrar.found()).get(one.id) ?? []),
  };
}

/** As Aidbox: a destination cannot be changed, a topic not deleted or changed under one; it adds fields of its own. */
const AIDBOX: Habit = {
  refuse: async ({ method, path, body }, send) => {
    const [type = '', id = ''] = path.split('/');
    if (method === 'GET' || !['AidboxSubscriptionTopic', 'AidboxTopicDestination'].includes(type)) return null;
    const isThere = (await send('GET', `${type}/${id}`)).status === 200;
    if (type === 'AidboxTopicDestination')
      return method === 'PUT' && (isThere || !(await hasTopic(send, body.topic))) ? 422 : null;
    return isThere && (await hasDestination(send, id)) ? 422 : null;
  },
  store: (body) => ({ ...body, text: { status: 'generated' } }),
};
const hasTopic = async (send: Parameters<NonNullable<Habit['refuse']>>[1], url: string) =>
  Number((await send('GET', `AidboxSubscriptionTopic?url=${encodeURIComponent(url)}`)).body.total) > 0;
const hasDestination = async (send: Parameters<NonNullable<Habit['refuse']>>[1], id: string) => {
  const { url } = (await send('GET', `AidboxSubscriptionTopic/${id}`)).body;
  return Number((await send('GET', `AidboxTopicDestination?topic=${encodeURIComponent(String(url))}`)).body.total) > 0;
};

test('a topic and its destination are created under their ids, with endpoint and content', async () => {
  const { register, asked, host } = await stand(AIDBOX);
  assert.is((await register(trigger('first'))).action, 'created');
  assert.equal(asked, [
    'PUT AidboxSubscriptionTopic/ts-trigger-first',
    'PUT AidboxTopicDestination/ts-trigger-dest-first',
  ]);
  const made = await host.read(null, 'AidboxTopicDestination', 'ts-trigger-dest-first');
  const { kind, content, status, topic: url, parameter } = made;
  assert.equal([kind, content, status], ['webhook-at-least-once', 'full-resource', 'active']);
  assert.is(url, 'http://billing/triggers/first');
  assert.equal(parameter, [{ name: 'endpoint', valueUrl: 'https://cloister.example/triggers/first/webhook' }]);
  const { trigger: watched } = await host.read(null, 'AidboxSubscriptionTopic', 'ts-trigger-first');
  assert.equal(watched, [{ resource: 'Encounter', fhirPathCriteria: "status = 'finished'" }]);
});

test('what is unchanged is left alone, whatever fields the server has added', async () => {
  const { register, asked, registrar } = await stand(AIDBOX);
  await register(trigger('same'));
  asked.length = 0;
  assert.is((await register(trigger('same'))).action, 'unchanged');
  assert.equal(asked, []);
  const found = (await registrar.found()).get('same') ?? [];
  assert.is(found[0]?.text !== undefined, true, 'the server did add a field');
});

test('a changed destination is deleted and made again, its topic stays', async () => {
  const { register, asked } = await stand(AIDBOX);
  await register(trigger('content'));
  asked.length = 0;
  assert.is((await register(trigger('content', { destination: { content: 'id-only' } }))).action, 'replaced');
  const path = 'AidboxTopicDestination/ts-trigger-dest-content';
  assert.equal(asked, [`DELETE ${path}`, `PUT ${path}`]);
});

test('a changed topic takes its destination with it: that is deleted first, and created last', async () => {
  const { register, asked } = await stand(AIDBOX);
  await register(trigger('order'));
  asked.length = 0;
  const changed = trigger('order', { subscriptionTopic: topic('order-2', [{ resource: 'Encounter' }]) });
  assert.is((await register(changed)).action, 'replaced');
  const [one, other] = ['AidboxSubscriptionTopic/ts-trigger-order', 'AidboxTopicDestination/ts-trigger-dest-order'];
  assert.equal(asked, [`DELETE ${other}`, `DELETE ${one}`, `PUT ${one}`, `PUT ${other}`]);
});

test('a field that is defined no more is a change too', async () => {
  const { register } = await stand(AIDBOX);
  const described = { ...topic('less', [{ resource: 'Encounter' }]), description: 'of finished encounters' };
  await register(trigger('less', { subscriptionTopic: described }));
  const { description: _, ...without } = described;
  assert.is((await register(trigger('less', { subscriptionTopic: without }))).action, 'replaced');
});

test('what somebody changed at the server by hand is put right', async () => {
  const { register, host } = await stand(AIDBOX);
  await register(trigger('hand'));
  const made = await host.read(null, 'AidboxTopicDestination', 'ts-trigger-dest-hand');
  await fhir.send('PUT', '/fhir/AidboxTopicDestination/ts-trigger-dest-hand', { ...made, status: 'off' });
  assert.is((await register(trigger('hand'))).action, 'replaced');
  assert.is((await host.read(null, 'AidboxTopicDestination', 'ts-trigger-dest-hand')).status, 'active');
});

test('the destination carries the token; overrides replace fields and parameters, but not id, kind and topic', async () => {
  const { style } = await stand(AIDBOX);
  const destination = {
    id: 'mine',
    kind: 'kafka',
    topic: 'http://other',
    content: 'empty',
    parameter: [
      { name: 'timeout', valueUnsignedInt: 60 },
      { name: 'endpoint', valueUrl: 'https://proxy.example/hook' },
      { name: 'header', valueString: 'X-Site: a' },
    ],
  };
  const token = { ...RECEIVER, token: 'secret-token-of-the-host' };
  const [, made] = style.wanted(trigger('over', { destination }), token);
  const { id, kind, topic: url, content, parameter } = made as Record<string, unknown>;
  assert.equal(
    [id, kind, url, content],
    ['ts-trigger-dest-over', 'webhook-at-least-once', 'http://billing/triggers/over', 'empty'],
  );
  assert.equal(parameter, [
    { name: 'header', valueString: 'Authorization: Bearer secret-token-of-the-host' },
    ...destination.parameter,
  ]);
});

test('a trigger with a secret of its own has that one sent', async () => {
  const { style } = await stand(AIDBOX);
  const receiver = { ...RECEIVER, token: 'the-token-of-the-host', secretOf: (alias: string) => `value-of-${alias}` };
  const headers = (webhook: Trigger['webhook']) => {
    const [, made] = style.wanted(trigger('own', { webhook }), receiver);
    const parameters = (made as Record<string, unknown>).parameter as { name: string; valueString?: string }[];
    return parameters.filter(({ name }) => name === 'header').map(({ valueString }) => valueString);
  };
  assert.equal(headers({ ...OPEN, secrets: ['NEW', 'OLD'] }), ['Authorization: Bearer value-of-NEW']);
  assert.equal(headers({ ...OPEN, signature: 'shared-secret', header: 'x-key', secrets: ['NEW'] }), [
    'x-key: value-of-NEW',
  ]);
});

test('the profile of a destination follows the version of Aidbox', () => {
  const old = 'http://aidbox.app/StructureDefinition/aidboxtopicdestination-webhook-at-least-once';
  const since =
    'http://health-samurai.io/fhir/core/StructureDefinition/aidboxtopicdestination-webhookAtLeastOnceProfile';
  const found = ['2410', '2603.2-lts', 'v2604', '2610', null].map(profilesOf);
  assert.equal(found, [[old], [old], [since], [since], [since, old]]);
});

test('an Aidbox that does not say how old it is gets the profile that it takes', async () => {
  const { register, host, asked } = await stand({
    ...AIDBOX,
    refuse: async (one, send) => {
      const refused = await AIDBOX.refuse?.(one, send);
      return refused ?? (String(one.body?.meta?.profile).includes('health-samurai') ? 422 : null);
    },
  });
  assert.is((await register(trigger('older'))).action, 'created');
  const { meta } = await host.read(null, 'AidboxTopicDestination', 'ts-trigger-dest-older');
  const old = 'http://aidbox.app/StructureDefinition/aidboxtopicdestination-webhook-at-least-once';
  assert.equal(meta?.profile, [old]);
  asked.length = 0;
  assert.is((await register(trigger('older'))).action, 'unchanged');
  assert.equal(asked, []);
});

test('registrations are found by trigger, page by page, and removed in order', async () => {
  const { register, registrar, asked } = await stand({
    ...AIDBOX,
    // Its pages have one entry, whatever it is asked for.
    ask: (path) => path.replace('_count=200', '_count=1'),
  });
  for (const id of ['gone-a', 'gone-b']) await register(trigger(id));
  const found = await registrar.found();
  assert.equal(
    found.get('gone-a')?.map(({ id }) => id),
    ['ts-trigger-gone-a', 'ts-trigger-dest-gone-a'],
  );
  asked.length = 0;
  assert.equal(await registrar.remove(found.get('gone-a') ?? []), [
    'AidboxTopicDestination/ts-trigger-dest-gone-a',
    'AidboxSubscriptionTopic/ts-trigger-gone-a',
  ]);
  assert.is((await registrar.found()).has('gone-a'), false);
  assert.is((await registrar.found()).get('gone-b')?.length, 2);
});

/** As a plain R4 server: no types of Aidbox, ids of its own, a status that it sets itself, and of a tag what HAPI keeps. */
const R4: Habit = {
  refuse: async ({ method, path }, send) => {
    if (path.startsWith('Aidbox')) return 404;
    return method === 'PUT' && (await send('GET', path)).status !== 200 ? 405 : null;
  },
  store: (body) =>
    body.resourceType === 'Subscription' ? { ...body, status: 'active', meta: ofHapi(body.meta) } : body,
  answer: ({ path }, body) => (path === 'metadata' ? withoutAidbox(body) : body),
};

/** HAPI puts a tag of its own first, and keeps 30 characters of a tag's version. */
function ofHapi(meta: unknown): unknown {
  const { tag } = meta as { tag: { version: string }[] };
  return { tag: [{ code: 'IN_MEMORY' }, ...tag.map((each) => ({ ...each, version: each.version.slice(0, 30) }))] };
}

function withoutAidbox(statement: Record<string, unknown>): Record<string, unknown> {
  const [rest] = statement.rest as { resource: { type: string }[] }[];
  return { ...statement, rest: [{ resource: rest?.resource.filter(({ type }) => !type.startsWith('Aidbox')) }] };
}

test('a server without the types of Aidbox gets one Subscription for each watched type, under ids of its own', async () => {
  const { register, host } = await stand(R4);
  const watched = [{ resource: 'Encounter' }, { resource: 'Claim', supportedInteraction: ['create'] }];
  const one = trigger('plain', { subscriptionTopic: topic('plain', watched) });
  const token = { ...RECEIVER, token: 'secret-token-of-the-host' };
  const { action, names } = await register(one, token);
  assert.is(action, 'created');
  assert.is(names.length, 2);
  assert.ok(
    names.every((name) => /^Subscription\/[0-9a-f-]{36}$/.test(name)),
    names.join(),
  );
  const made = await host.read(null, 'Subscription', String(names[1]?.split('/')[1]));
  assert.is(made.criteria, 'Claim?');
  assert.equal(made.channel, {
    type: 'rest-hook',
    endpoint: 'https://cloister.example/triggers/plain/webhook',
    payload: 'application/fhir+json',
    header: ['Authorization: Bearer secret-token-of-the-host'],
  });
  assert.is((await register(one, token)).action, 'unchanged');
  assert.is((await register(one)).action, 'replaced', 'without the token');
  const fewer = trigger('plain', { subscriptionTopic: topic('plain', watched.slice(0, 1)) });
  assert.equal((await register(fewer)).names, names.slice(0, 1));
});

test('a Subscription that the server has given up is asked for again', async () => {
  const { register, host } = await stand(R4);
  const { names } = await register(trigger('error'));
  const id = String(names[0]?.split('/')[1]);
  const made = await host.read(null, 'Subscription', id);
  await fhir.send('PUT', `/fhir/Subscription/${id}`, { ...made, status: 'error' });
  assert.equal(await register(trigger('error')), { action: 'replaced', names });
  assert.is((await host.read(null, 'Subscription', id)).status, 'active');
});

test('what an R4 Subscription cannot say is told as a problem', () => {
  const told = limitsOf(
    trigger('limits', {
      subscriptionTopic: topic('limits', [
        { resource: 'Encounter', supportedInteraction: ['create'], fhirPathCriteria: "status = 'finished'" },
      ]),
    }),
  );
  assert.equal(
    told.map(({ found, severity }) => [found, severity]),
    [
      ['supportedInteraction', 'warning'],
      ['fhirPathCriteria', 'warning'],
    ],
  );
});

test('a server that takes neither, and one whose operator knows better, are told apart', () => {
  const nothing = { resourceType: 'CapabilityStatement', rest: [{ resource: [{ type: 'Patient' }] }] };
  assert.is(serverKind(nothing, 'auto').kind, 'none');
  assert.is(styleOf(serverKind(nothing, 'auto')), null);
  assert.is(serverKind(nothing, 'r4').kind, 'r4');
  const aidbox = { ...nothing, software: { name: 'Aidbox', version: '2604' } };
  assert.equal(serverKind(aidbox, 'auto'), { kind: 'aidbox', version: '2604' });
});

test.run();
