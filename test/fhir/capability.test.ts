import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CapabilityError, type RunContext } from '../../host/broker/capability.ts';
import { createFhirCapability, type FhirCapability, type FhirOptions, probeTenants } from '../../host/broker/fhir.ts';
import { type Fixture, idsIn, type Json, of, openFixture, runOf } from './fixture.ts';

const test = suite<{ fhir: Fixture; capability: FhirCapability; options: FhirOptions }>('fhir capability');

test.before(async (context) => {
  context.fhir = await openFixture();
  context.options = { baseUrl: context.fhir.server.url, mode: 'organization-prefix', auth: null };
  context.capability = createFhirCapability(context.options);
});

test.after(async ({ fhir, capability }) => {
  await capability.close();
  await fhir[Symbol.asyncDispose]();
});

async function call(capability: FhirCapability, method: string, args: unknown, run: RunContext): Promise<Json> {
  const found = capability.methods.get(`fhir.${method}`);
  if (!found) throw new Error(`no method fhir.${method}`);
  return (await found(args, run)) as Json;
}

/** `CODE ACTIVITY_CODE` of the refusal, and its text. */
async function refusal(work: Promise<unknown>): Promise<{ code: string; text: string }> {
  const error = await work.then(
    () => assert.unreachable('it was not refused'),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof CapabilityError)) throw error;
  return { code: [error.code, error.activityCode].filter(Boolean).join(' '), text: error.message };
}

const put = (resource: Json) => ({
  resource,
  request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` },
});
const bundle = (type: string, entry: unknown[]) => ({ bundle: { resourceType: 'Bundle', type, entry } });

/** A stand-in for servers that do what the embedded one does not: it answers everything as told, and keeps what it heard. */
async function openPeer(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const heard: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    heard.push(request);
    answer(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    heard,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

test('a script writes, reads, patches, searches and deletes under its own tenant', async ({ capability, fhir }) => {
  const run = runOf('a');
  const created = await call(capability, 'create', { resource: { resourceType: 'Patient', active: false } }, run);
  const target = { type: 'Patient', id: created.id };
  const updated = await call(capability, 'update', { resource: { ...created, active: true } }, run);
  assert.is(updated.active, true);
  await call(capability, 'patch', { ...target, ops: [{ op: 'add', path: '/gender', value: 'female' }] }, run);
  assert.is((await call(capability, 'read', target, run)).gender, 'female');
  const found = await call(capability, 'search', { type: 'Patient', params: { gender: 'female', active: true } }, run);
  assert.equal(idsIn(found), [created.id]);
  assert.is((await fhir.send('GET', `${of('a')}/Patient/${created.id}`)).status, 200);
  await call(capability, 'delete', target, run);
  await call(capability, 'delete', target, run);
  assert.is((await refusal(call(capability, 'read', target, run))).code, 'NOT_FOUND');
});

test('FHR-09: to another tenant what exists and what does not answer alike, in code and text', async ({
  capability,
}) => {
  const { id } = await call(capability, 'create', { resource: { resourceType: 'Patient' } }, runOf('a'));
  const ops = [{ op: 'add', path: '/active', value: true }];
  for (const [method, more] of [
    ['read', {}],
    ['patch', { ops }],
  ] as const) {
    const ask = (each: unknown) =>
      refusal(call(capability, method, { type: 'Patient', id: each, ...more }, runOf('b')));
    assert.equal(await ask(id), await ask('missing'));
  }
  assert.is((await call(capability, 'search', { type: 'Patient', params: { _id: id } }, runOf('b'))).total, 0);
});

test('FHR-09: a server that refuses a foreign id and does not know a missing one tells a script nothing', async ({
  options,
}) => {
  await using peer = await openPeer(({ url = '' }, response) =>
    response.writeHead(url.includes('foreign') ? 403 : 404).end('{}'),
  );
  const capability = createFhirCapability({ ...options, baseUrl: peer.url });
  const ops = [{ op: 'remove', path: '/active' }];
  const answers = (id: string) =>
    Promise.all(
      ['read', 'patch', 'delete'].map((method) =>
        call(capability, method, { type: 'Patient', id, ops }, runOf('a')).then(String, (error: unknown) =>
          String(error),
        ),
      ),
    );
  assert.equal(await answers('foreign'), await answers('missing'));
  await capability.close();
});

test('FHR-07: what a script writes says nothing of whose it is, in no form of writing', async ({
  capability,
  fhir,
}) => {
  const url = 'https://aidbox.app/tenant-organization-id';
  const owned = (reference: string) => ({ extension: [{ url, valueReference: { reference } }] });
  const shared = { extension: [{ url: 'https://aidbox.app/tenant-resource-mode', valueString: 'shared' }] };
  const patient = { resourceType: 'Patient', id: 'mine' };
  const binary = (ops: unknown) => ({
    resource: { resourceType: 'Binary', data: Buffer.from(JSON.stringify(ops)).toString('base64') },
    request: { method: 'PATCH', url: 'Patient/mine' },
  });
  await call(capability, 'update', { resource: patient }, runOf('a'));
  const target = { type: 'Patient', id: 'mine' };
  const patches = [
    [{ op: 'add', path: '/meta', value: owned('Organization/b') }],
    [{ op: 'replace', path: '', value: { ...patient, meta: owned('Organization/b') } }],
    [{ op: 'add', path: '/meta/extension', value: [] }],
    [{ op: 'add', path: '/meta/extension/0/url', value: url }],
    [{ op: 'copy', from: '/extension/0', path: '/meta/extension/-' }],
    [{ op: 'move', from: '/contained/0/meta', path: '/meta' }],
  ];
  const forms = [owned('Organization/b'), owned('Organization/a/x'), shared].flatMap((meta) => [
    call(capability, 'create', { resource: { ...patient, meta } }, runOf('a')),
    call(capability, 'update', { resource: { ...patient, meta } }, runOf('a')),
    call(capability, 'transaction', bundle('batch', [put({ ...patient, meta })]), runOf('a')),
  ]);
  const patched = patches.flatMap((ops) => [
    call(capability, 'patch', { ...target, ops }, runOf('a')),
    call(capability, 'transaction', bundle('batch', [binary(ops)]), runOf('a')),
  ]);
  for (const each of [...forms, ...patched]) assert.is((await refusal(each)).code, 'DENIED CAPABILITY_REFUSED');
  const own = { ...patient, meta: owned('Organization/a') };
  assert.is(
    (await call(capability, 'update', { resource: own }, runOf('a'))).id,
    'mine',
    'what was read may be written',
  );
  assert.is((await fhir.send('GET', `${of('b')}/Patient/mine`)).status, 404);
});

test('a PATCH entry of a bundle is the patch that a call takes, and nothing else', async ({ capability, fhir }) => {
  await call(capability, 'update', { resource: { resourceType: 'Patient', id: 'entry' } }, runOf('a'));
  const entry = (resource: unknown) =>
    bundle('batch', [{ resource, request: { method: 'PATCH', url: 'Patient/entry' } }]);
  const data = (value: unknown) =>
    Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64');
  const ops = [{ op: 'add', path: '/active', value: true, more: 'dropped' }];
  await call(capability, 'transaction', entry({ resourceType: 'Binary', data: data(ops) }), runOf('a'));
  assert.is((await fhir.send('GET', `${of('a')}/Patient/entry`)).body.active, true);
  for (const resource of [
    { resourceType: 'Parameters', parameter: [] },
    { resourceType: 'Binary' },
    { resourceType: 'Binary', data: data('{') },
    { resourceType: 'Binary', data: data({ op: 'add' }) },
    { resourceType: 'Binary', data: data([{ op: 'eval', path: '/x' }]) },
    { resourceType: 'Binary', data: data([{ op: 'copy', path: '/x' }]) },
    null,
  ]) {
    const work = call(capability, 'transaction', entry(resource), runOf('a'));
    assert.is((await refusal(work)).code, 'BAD_ARGUMENT', JSON.stringify(resource));
  }
});

test('FHR-10: _count is a number up to 1,000 in every form of writing', async ({ options }) => {
  await using peer = await openPeer((_request, response) =>
    response.end('{"resourceType":"Bundle","type":"searchset"}'),
  );
  const capability = createFhirCapability({ ...options, baseUrl: peer.url });
  for (const given of ['1e9', 'Infinity', '0x7fffffff', '-1', '1_000', '１', '', ' 5', 1e21]) {
    const work = call(capability, 'search', { type: 'Basic', params: { _count: given } }, runOf('a'));
    assert.is((await refusal(work)).code, 'BAD_ARGUMENT', String(given));
  }
  const work = call(capability, 'search', { type: 'Basic', params: { '_count:x': 5 } }, runOf('a'));
  assert.is((await refusal(work)).code, 'BAD_ARGUMENT');
  assert.is(peer.heard.length, 0);
  await call(capability, 'search', { type: 'Basic', params: { _count: [5, 1_000_000] } }, runOf('a'));
  assert.match(peer.heard[0]?.url ?? '', /_count=5&_count=1000$/);
  await capability.close();
});

test('FHR-06: includes bring nothing foreign; chains, _has and queries of other kinds are refused', async ({
  capability,
  fhir,
}) => {
  await fhir.send('PUT', `${of('b')}/Patient/secret`, { resourceType: 'Patient', id: 'secret' });
  const encounter = {
    resourceType: 'Encounter',
    id: 'e',
    status: 'finished',
    subject: { reference: 'Patient/secret' },
  };
  await call(capability, 'update', { resource: encounter }, runOf('a'));
  const params = { _include: 'Encounter:subject', _id: 'e' };
  assert.equal(idsIn(await call(capability, 'search', { type: 'Encounter', params }, runOf('a'))), ['e']);
  for (const name of [
    'subject.name',
    'subject:Patient.name',
    '_has:Encounter:subject:status',
    '_query',
    '_contained',
    '_filter',
    '_format',
    '_graphql',
  ]) {
    const ask = call(capability, 'search', { type: 'Encounter', params: { [name]: 'x' } }, runOf('a'));
    assert.is((await refusal(ask)).code, 'DENIED CAPABILITY_REFUSED', name);
  }
});

test('FHR-01: ids and types that are no single segment are refused before any request', async () => {
  await using peer = await openPeer((_request, response) => response.end('{}'));
  const capability = createFhirCapability({ baseUrl: peer.url, mode: 'organization-prefix', auth: null });
  const ids = [
    '../Patient/other',
    '..%2f..%2f',
    '%252e',
    'a/../../Organization/B',
    '\\..\\',
    '',
    '.',
    '..',
    'x'.repeat(65),
    'a b',
    'a\n',
    'é',
    '１',
    null,
    5,
    {},
    ['a'],
  ];
  const types = [
    '../Patient',
    'Patient/1',
    'patient',
    'Patient?x',
    '$import',
    '$graphql',
    '',
    'http',
    'HTTP',
    '__proto__',
    null,
    ['Patient'],
    '//evil',
    'https://evil',
  ];
  for (const id of ids) {
    for (const method of ['read', 'delete', 'patch']) {
      const { code } = await refusal(call(capability, method, { type: 'Patient', id, ops: [] }, runOf('a')));
      assert.match(code, /^(DENIED CAPABILITY_REFUSED|BAD_ARGUMENT)$/, `${method} ${id}`);
    }
    const resource = { resourceType: 'Patient', id };
    assert.match(
      (await refusal(call(capability, 'update', { resource }, runOf('a')))).code,
      /^(DENIED|BAD_ARG)/,
      `${id}`,
    );
  }
  for (const type of types) {
    const calls = [
      call(capability, 'read', { type, id: 'x' }, runOf('a')),
      call(capability, 'search', { type }, runOf('a')),
      call(capability, 'create', { resource: { resourceType: type } }, runOf('a')),
    ];
    for (const each of calls) assert.match((await refusal(each)).code, /^(DENIED|BAD_ARG)/, `${type}`);
  }
  for (const args of [null, 'x', [], undefined])
    assert.is((await refusal(call(capability, 'read', args, runOf('a')))).code, 'BAD_ARGUMENT');
  assert.is(peer.heard.length, 0);
  await capability.close();
});

test('FHR-02: references to other hosts are data; nothing calls there', async ({ capability }) => {
  await using evil = await openPeer((_request, response) => response.end('{}'));
  const host = new URL(evil.url).host;
  for (const reference of [`${evil.url}/Patient/1`, `//${host}/x`, `http:\\\\${host}`]) {
    const resource = { resourceType: 'Flag', status: 'active', subject: { reference } };
    const { id } = await call(capability, 'create', { resource }, runOf('a'));
    await call(capability, 'read', { type: 'Flag', id }, runOf('a'));
    await call(
      capability,
      'search',
      { type: 'Flag', params: { subject: reference, _include: 'Flag:subject' } },
      runOf('a'),
    );
    assert.match(
      (await refusal(call(capability, 'read', { type: 'Patient', id: reference }, runOf('a')))).code,
      /DENIED/,
    );
  }
  assert.is(evil.heard.length, 0);
});

test('FHR-04, CP-44: a bundle with one entry that leaves the base is refused whole', async ({ capability, fhir }) => {
  const inner = { resourceType: 'Bundle', type: 'transaction', entry: [] };
  const urls = [
    '/Patient/x',
    'https://evil/Patient/x',
    '//evil/Patient/x',
    `${fhir.server.url}/fhir/Patient/x`,
    'Organization/b/fhir/Patient/x',
  ].concat([
    '../b/fhir/Patient/x',
    'Patient/..',
    'Patient/../../x',
    'Patient/%2e%2e',
    'Patient/x/_history',
    '$import',
    'Patient/$everything',
    '$graphql',
  ]);
  const entries = urls.map((url) => ({
    resource: { resourceType: 'Patient', id: 'x' },
    request: { method: 'PUT', url },
  }));
  const nested = [
    { resource: inner, request: { method: 'POST', url: 'Bundle' } },
    { ...put({ resourceType: 'Patient', id: 'x' }), fullUrl: 'https://evil/Patient/x' },
    put({ resourceType: 'Subscription', id: 'x' }),
    { request: { method: 'GET', url: 'Patient?_has:Encounter:subject:status=x' } },
    {
      resource: { resourceType: 'Patient' },
      request: { method: 'POST', url: 'Patient', ifNoneExist: 'subject.name=x' },
    },
  ];
  for (const type of ['transaction', 'batch']) {
    for (const entry of [...entries, ...nested]) {
      const work = call(
        capability,
        'transaction',
        bundle(type, [put({ resourceType: 'Basic', id: 'first' }), entry]),
        runOf('f'),
      );
      assert.is((await refusal(work)).code, 'DENIED CAPABILITY_REFUSED', JSON.stringify(entry));
    }
  }
  const malformed = [
    { request: { method: 'HEAD', url: 'Patient' } },
    { request: { method: 'PUT', url: 'Patient' }, resource: { resourceType: 'Patient' } },
    { request: { method: 'PUT', url: 'Patient/x' }, resource: { resourceType: 'Basic' } },
    { request: { method: 'PUT', url: 'Patient/x' }, resource: { resourceType: 'Patient', id: 'y' } },
    { request: { method: 'POST', url: 'Patient/x' }, resource: { resourceType: 'Patient' } },
    { request: { method: 'GET', url: '' } },
    {},
    null,
  ];
  for (const entry of malformed) {
    const work = call(capability, 'transaction', bundle('batch', [entry]), runOf('f'));
    assert.is((await refusal(work)).code, 'BAD_ARGUMENT', JSON.stringify(entry));
  }
  assert.is((await fhir.send('GET', `${of('f')}/Basic`)).body.total, 0);
});

test('FHR-05: a bundle may search and read as ordinary calls do', async ({ capability }) => {
  await call(
    capability,
    'update',
    { resource: { resourceType: 'Organization', id: 'g', identifier: [{ value: '1' }] } },
    runOf('g'),
  );
  const urls = ['Organization?identifier=1', 'Organization/g', 'Organization'];
  const answer = await call(
    capability,
    'transaction',
    bundle(
      'batch',
      urls.map((url) => ({ request: { method: 'GET', url } })),
    ),
    runOf('g'),
  );
  const [first, second, third] = (answer.entry as { resource: Json }[]).map(({ resource }) => resource);
  assert.equal([first?.total, second?.id, third?.total], [1, 'g', 1]);
});

test('FHR-08: types that make the server act, or administer it, are refused', async ({ capability }) => {
  for (const resourceType of [
    'Subscription',
    'SubscriptionTopic',
    'Endpoint',
    'AuditEvent',
    'AccessPolicy',
    'Client',
    'User',
    'AidboxSubscriptionTopic',
    'Lambda',
  ]) {
    const resource = { resourceType, id: 'x' };
    const calls = [
      call(capability, 'create', { resource }, runOf('a')),
      call(capability, 'update', { resource }, runOf('a')),
      call(capability, 'patch', { type: resourceType, id: 'x', ops: [] }, runOf('a')),
      call(capability, 'delete', { type: resourceType, id: 'x' }, runOf('a')),
      call(capability, 'transaction', bundle('batch', [put(resource)]), runOf('a')),
    ];
    for (const each of calls) assert.is((await refusal(each)).code, 'DENIED CAPABILITY_REFUSED', resourceType);
  }
  assert.is(
    (await refusal(call(capability, 'read', { type: 'Client', id: 'x' }, runOf('a')))).code,
    'DENIED CAPABILITY_REFUSED',
  );
  assert.is((await refusal(call(capability, 'read', { type: 'AuditEvent', id: 'x' }, runOf('a')))).code, 'NOT_FOUND');
});

test('API-26: a repeated attempt makes no second resource, in a create, a transaction or a batch', async ({
  capability,
  fhir,
}) => {
  const urn = 'urn:uuid:33333333-3333-4333-8333-333333333333';
  const entries = [
    { fullUrl: urn, resource: { resourceType: 'Patient' }, request: { method: 'POST', url: 'Patient' } },
    { resource: { resourceType: 'Flag', subject: { reference: urn } }, request: { method: 'POST', url: 'Flag' } },
    {
      resource: { resourceType: 'Basic', identifier: [{ value: 'k' }] },
      request: { method: 'POST', url: 'Basic', ifNoneExist: 'identifier=k' },
    },
  ];
  const attempt = async (number: number) => {
    const run = runOf('r', { attempt: number });
    const one = await call(capability, 'create', { resource: { resourceType: 'Group', id: 'chosen' } }, run);
    const two = await call(capability, 'create', { resource: { resourceType: 'Group', id: 'chosen' } }, run);
    const whole = await call(capability, 'transaction', bundle('transaction', entries), run);
    const parts = await call(capability, 'transaction', bundle('batch', entries), run);
    return [one.id, two.id, ...idsIn(whole), ...idsIn(parts)];
  };
  const first = await attempt(1);
  assert.equal(await attempt(2), first);
  assert.is(new Set(first).size, 7, 'each write has an id of its own; the conditional one is found again');
  const count = async (type: string) => (await fhir.send('GET', `${of('r')}/${type}`)).body.total;
  assert.equal([await count('Group'), await count('Patient'), await count('Flag'), await count('Basic')], [2, 2, 2, 1]);
  const flags = await fhir.send('GET', `${of('r')}/Flag?subject=Patient/${first[2]}`);
  assert.equal(idsIn(flags.body), [first[3]]);
});

test('an update of a version that has changed since is a CONFLICT, unless what is there is just that', async ({
  capability,
}) => {
  const read = await call(
    capability,
    'update',
    { resource: { resourceType: 'Group', id: 'v', active: false } },
    runOf('a'),
  );
  const mine = { resource: { ...read, active: true } };
  await call(capability, 'update', mine, runOf('a'));
  // Repeated after a lost host, it is a first attempt again: it finds its own content.
  assert.is((await call(capability, 'update', mine, runOf('a'))).active, true);
  const other = { resource: { ...read, name: 'else' } };
  assert.is((await refusal(call(capability, 'update', other, runOf('a')))).code, 'CONFLICT');
  assert.is((await refusal(call(capability, 'update', other, runOf('a', { attempt: 2 })))).code, 'CONFLICT');
});

test('CP-42: a refused transaction is INVALID, names the entry, and has written nothing', async ({
  capability,
  fhir,
}) => {
  const missing = { request: { method: 'GET', url: 'Basic/none' } };
  const work = call(
    capability,
    'transaction',
    bundle('transaction', [put({ resourceType: 'Basic', id: 'n' }), missing]),
    runOf('k'),
  );
  const { code, text } = await refusal(work);
  assert.is(code, 'INVALID');
  assert.match(text, /Bundle\.entry\[1\]/);
  assert.is((await fhir.send('GET', `${of('k')}/Basic`)).body.total, 0);
});

test('no address of the server reaches a script', async ({ capability, fhir }) => {
  for (const id of ['1', '2'])
    await call(capability, 'update', { resource: { resourceType: 'Media', id } }, runOf('h'));
  const page = await call(capability, 'search', { type: 'Media', params: { _count: 1 } }, runOf('h'));
  const links = (page.link as { relation: string; url: string }[]).map(({ relation, url }) => `${relation} ${url}`);
  assert.equal(links, ['self Media?_count=1', 'next Media?_count=1&_offset=1']);
  const batch = await call(
    capability,
    'transaction',
    bundle('batch', [{ request: { method: 'GET', url: 'Media?_count=1' } }, put({ resourceType: 'Media', id: '3' })]),
    runOf('h'),
  );
  assert.not.match(JSON.stringify([page, batch]), new RegExp(`${new URL(fhir.server.url).host}|Organization|http:`));
  assert.equal((batch.entry as { response: Json }[])[1]?.response.location, 'Media/3');
});

test('FHR-10: an answer over the cap is TOO_LARGE, one that is compressed unasked is refused, a page is 1,000 at most', async ({
  capability,
  fhir,
  options,
}) => {
  const small = createFhirCapability({ ...options, maxBytes: 20_000 });
  const entry = Array.from({ length: 1200 }, (_, index) => put({ resourceType: 'Basic', id: `b${index}` }));
  await fhir.send('POST', of('m'), { resourceType: 'Bundle', type: 'transaction', entry });
  const ask = { type: 'Basic', params: { _count: 1e9 } };
  assert.is(idsIn(await call(capability, 'search', ask, runOf('m'))).length, 1000);
  assert.is((await refusal(call(small, 'search', ask, runOf('m')))).code, 'TOO_LARGE');
  await small.close();
  await using peer = await openPeer((_request, response) =>
    response.writeHead(200, { 'content-encoding': 'gzip' }).end('x'),
  );
  const zipped = createFhirCapability({ ...options, baseUrl: peer.url });
  assert.is(
    (await refusal(call(zipped, 'read', { type: 'Basic', id: 'x' }, runOf('m')))).code,
    'UNAVAILABLE FHIR_UNAVAILABLE',
  );
  await zipped.close();
});

test('a list of ids too long for a URL is searched for all the same', async ({ capability }) => {
  await call(capability, 'update', { resource: { resourceType: 'Basic', id: 'needle' } }, runOf('n'));
  const ids = Array.from({ length: 900 }, (_, index) => `hay-${index}-${'x'.repeat(20)}`);
  const found = await call(
    capability,
    'search',
    { type: 'Basic', params: { _id: [...ids, 'needle'].join(',') } },
    runOf('n'),
  );
  assert.equal(idsIn(found), ['needle']);
});

test('a server that is down, slow, broken, or no FHIR server is UNAVAILABLE', async ({ options }) => {
  const read = { type: 'Basic', id: 'x' };
  const answers: ((request: IncomingMessage, response: ServerResponse) => void)[] = [
    (_request, response) => response.writeHead(500).end('{"stack":"at secret"}'),
    (_request, response) => response.writeHead(429).end(),
    (_request, response) => response.end('<html>welcome</html>'),
    (request) => request.socket.destroy(),
    () => {},
  ];
  for (const answer of answers) {
    await using peer = await openPeer(answer);
    const capability = createFhirCapability({ ...options, baseUrl: peer.url, timeoutMs: 300 });
    const { code, text } = await refusal(call(capability, 'read', read, runOf('a')));
    assert.equal([code, text], ['UNAVAILABLE FHIR_UNAVAILABLE', 'fhir: the FHIR server does not answer']);
    await capability.close();
  }
  const down = createFhirCapability({ ...options, baseUrl: 'http://127.0.0.1:1' });
  assert.is((await refusal(call(down, 'read', read, runOf('a')))).code, 'UNAVAILABLE FHIR_UNAVAILABLE');
  await down.close();
});

test('a redirect is not followed, so neither credentials nor the call go elsewhere', async ({ options }) => {
  await using other = await openPeer((_request, response) => response.end('{"resourceType":"Basic"}'));
  await using peer = await openPeer((_request, response) => response.writeHead(307, { location: other.url }).end());
  const capability = createFhirCapability({ ...options, baseUrl: peer.url });
  const work = call(capability, 'read', { type: 'Basic', id: 'x' }, runOf('a'));
  assert.is((await refusal(work)).code, 'UNAVAILABLE FHIR_UNAVAILABLE');
  assert.is(other.heard.length, 0);
  await capability.close();
});

test('what the server refuses becomes a code, and its text loses addresses and stacks', async ({ options }) => {
  const issue = [
    {
      severity: 'error',
      code: 'invalid',
      diagnostics:
        'bad field, see http://10.0.0.7:8080/Organization/a/fhir/x?token=s3cret\n    at Object.run (/srv/app.js:1:2)',
    },
  ];
  const codes: Record<number, string> = {
    400: 'INVALID',
    401: 'DENIED CAPABILITY_REFUSED',
    403: 'DENIED CAPABILITY_REFUSED',
    404: 'NOT_FOUND',
    409: 'CONFLICT',
    410: 'NOT_FOUND',
    412: 'CONFLICT',
    413: 'TOO_LARGE',
    418: 'FAILED',
    422: 'INVALID',
    503: 'UNAVAILABLE FHIR_UNAVAILABLE',
  };
  for (const [status, expected] of Object.entries(codes)) {
    await using peer = await openPeer((_request, response) =>
      response.writeHead(Number(status)).end(JSON.stringify({ resourceType: 'OperationOutcome', issue })),
    );
    const capability = createFhirCapability({ ...options, baseUrl: peer.url });
    const { code, text } = await refusal(call(capability, 'search', { type: 'Basic' }, runOf('a')));
    assert.is(code, expected, status);
    assert.not.match(text, /10\.0\.0\.7|s3cret|app\.js|Organization|127\.0\.0\.1/);
    if (code === 'INVALID') assert.match(text, /bad field, see \(address\)/);
    await capability.close();
  }
});

test('the tenant of the run, and nothing else, decides the path; credentials go to the server only', async ({
  options,
}) => {
  await using peer = await openPeer((_request, response) => response.end('{"resourceType":"Basic"}'));
  const capability = createFhirCapability({
    ...options,
    baseUrl: `${peer.url}/`,
    auth: { basic: { id: 'host', secret: 's' } },
  });
  const read = { type: 'Basic', id: 'x', tenant: 'b', baseUrl: 'http://evil' };
  await call(capability, 'read', read, runOf('a.b-1'));
  await call(capability, 'read', read, runOf(null));
  assert.equal(
    peer.heard.map(({ url }) => url),
    ['/Organization/a.b-1/fhir/Basic/x', '/fhir/Basic/x'],
  );
  assert.is(peer.heard[0]?.headers.authorization, `Basic ${btoa('host:s')}`);
  for (const tenant of ['', '..', 'a/b', 'a%2Fb']) {
    assert.is((await refusal(call(capability, 'read', read, runOf(tenant)))).code, 'DENIED TENANT_REFUSED', tenant);
  }
  await capability.close();
  const plain = createFhirCapability({
    ...options,
    baseUrl: peer.url,
    fhirBaseUrl: `${peer.url}/r4`,
    mode: 'none',
    auth: { bearer: 't' },
  });
  await call(plain, 'read', read, runOf(null));
  assert.equal([peer.heard.at(-1)?.url, peer.heard.at(-1)?.headers.authorization], ['/r4/Basic/x', 'Bearer t']);
  assert.is((await refusal(call(plain, 'read', read, runOf('a')))).code, 'DENIED TENANT_REFUSED');
  await plain.close();
});

test('a run without the capability, and a run that is over, make no request', async ({ options }) => {
  await using peer = await openPeer((_request, response) => response.end('{}'));
  const capability = createFhirCapability({ ...options, baseUrl: peer.url });
  const { grants } = runOf('a');
  const without = runOf('a', { grants: { ...grants, capabilities: new Set(['log']) } });
  for (const method of capability.methods.keys()) {
    const { code, text } = await refusal(call(capability, method.slice('fhir.'.length), {}, without));
    assert.is(code, 'DENIED CAPABILITY_REFUSED');
    assert.match(text, /"fhir"/);
  }
  const read = { type: 'Basic', id: 'x' };
  assert.is(
    (await refusal(call(capability, 'read', read, runOf('a', { signal: AbortSignal.abort() })))).code,
    'FAILED',
  );
  assert.is((await refusal(call(capability, 'read', read, runOf('a', { deadline: Date.now() - 1 })))).code, 'FAILED');
  assert.is(peer.heard.length, 0);
  await capability.close();
});

test('the end of a run ends its open call', async ({ options }) => {
  await using peer = await openPeer(() => {});
  const capability = createFhirCapability({ ...options, baseUrl: peer.url });
  const abort = new AbortController();
  const open = refusal(call(capability, 'read', { type: 'Basic', id: 'x' }, runOf('a', { signal: abort.signal })));
  while (peer.heard.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  abort.abort();
  const limit = new Promise<never>((_resolve, reject) => {
    setTimeout(() => reject(new Error('still open after 5 s')), 5000).unref();
  });
  assert.is((await Promise.race([open, limit])).code, 'FAILED');
  await capability.close();
});

test('the host keeps one BillingWorkflow per run, under the run’s tenant', async ({ capability: { host }, fhir }) => {
  const resource = {
    resourceType: 'BillingWorkflow',
    status: 'in-progress',
    identifier: [{ system: 'urn:temporal:run-id', value: 'w1' }],
    executionPeriod: { start: '2026-03-02T09:00:00.000Z' },
  };
  const create = () => host.create('bw', resource, 'identifier=urn:temporal:run-id|w1');
  const [first, second] = await Promise.all([create(), create()]);
  assert.is(first.id, second.id);
  await host.patch('bw', 'BillingWorkflow', first.id, [{ op: 'replace', path: '/status', value: 'failed' }]);
  assert.is((await host.read('bw', 'BillingWorkflow', first.id)).status, 'failed');
  const found = await host.search('bw', 'BillingWorkflow', { identifier: 'urn:temporal:run-id|w1' });
  assert.equal(idsIn(found), [first.id]);
  assert.is((await fhir.send('GET', `${of('other')}/BillingWorkflow`)).body.total, 0);
  await host.ping();
});

test('the probe finds a server that separates tenants, and leaves nothing there', async ({ options, fhir }) => {
  assert.equal(await probeTenants(options), { ok: true, asked: true, reason: null });
  const left = await fhir.send('GET', '/fhir/Basic?_summary=count');
  await probeTenants(options);
  assert.is((await fhir.send('GET', '/fhir/Basic?_summary=count')).body.total, left.body.total);
  assert.equal(
    idsIn((await fhir.send('GET', '/fhir/Organization')).body).filter((id) => String(id).startsWith('cloister')),
    [],
  );
});

test('the probe finds a server that ignores the prefix, one that is down, and one without tenants', async ({
  options,
  fhir,
}) => {
  await using leaky = await openPeer((request, response) => {
    const target = `${fhir.server.url}/fhir${(request.url ?? '').replace(/^(\/Organization\/[^/]+)?\/fhir/, '')}`;
    void relay(request, response, target);
  });
  assert.equal(await probeTenants({ ...options, baseUrl: leaky.url }), {
    ok: false,
    asked: true,
    reason: "another tenant's resource can be read",
  });
  const { ok, asked } = await probeTenants({ ...options, baseUrl: 'http://127.0.0.1:1' });
  assert.equal({ ok, asked }, { ok: false, asked: false }, 'a server that does not answer shows nothing');
  assert.is((await probeTenants({ ...options, mode: 'none' })).ok, false);
});

async function relay(request: IncomingMessage, response: ServerResponse, target: string): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const { method = 'GET' } = request;
  const body =
    chunks.length > 0 ? { body: Buffer.concat(chunks), headers: { 'content-type': 'application/json' } } : {};
  const answer = await fetch(target, { method, ...body });
  response.writeHead(answer.status).end(await answer.text());
}

test.run();
