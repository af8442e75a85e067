import { readdir, readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { sendBytes } from '../api/call.ts';
import { type Fixture, idsIn, type Json, of, openFixture } from './fixture.ts';

const test = suite<{ fhir: Fixture }>('server');
const base = of('t');

test.before(async (context) => {
  context.fhir = await openFixture();
});

test.after(async ({ fhir }) => {
  await fhir[Symbol.asyncDispose]();
});

test('create gives an id, read, history and versions give it back', async ({ fhir }) => {
  const created = await fhir.send('POST', `${base}/Patient`, { resourceType: 'Patient', id: 'ignored', active: true });
  assert.is(created.status, 201);
  const { id } = created.body;
  assert.is.not(id, 'ignored');
  assert.is(created.headers.get('etag'), 'W/"1"');
  await fhir.send('PUT', `${base}/Patient/${id}`, { resourceType: 'Patient', id, active: false });
  assert.is((await fhir.send('GET', `${base}/Patient/${id}`)).body.active, false);
  assert.is((await fhir.send('GET', `${base}/Patient/${id}/_history/1`)).body.active, true);
  assert.is((await fhir.send('GET', `${base}/Patient/${id}/_history`)).body.total, 2);
});

test('a deleted resource is gone, deleting it again succeeds, and its versions go on counting', async ({ fhir }) => {
  const target = `${base}/Patient/mortal`;
  await fhir.send('PUT', target, { resourceType: 'Patient', id: 'mortal' });
  assert.equal([(await fhir.send('DELETE', target)).status, (await fhir.send('DELETE', target)).status], [200, 200]);
  assert.is((await fhir.send('GET', target)).status, 404);
  const again = await fhir.send('PUT', target, { resourceType: 'Patient', id: 'mortal' });
  assert.equal([again.status, (again.body.meta as Json).versionId], [201, '3']);
});

test('If-Match and If-None-Match: * guard an update', async ({ fhir }) => {
  const target = `${base}/Patient/guarded`;
  const body = { resourceType: 'Patient', id: 'guarded' };
  const send = async (headers: Record<string, string>) => (await fhir.send('PUT', target, body, headers)).status;
  assert.is(await send({ 'if-match': 'W/"1"' }), 412);
  assert.is(await send({ 'if-none-match': '*' }), 201);
  assert.is(await send({ 'if-none-match': '*' }), 412);
  assert.is(await send({ 'if-match': 'W/"1"' }), 200);
  assert.is(await send({ 'if-match': 'W/"1"' }), 412);
});

test('a conditional create makes one resource of many requests at once', async ({ fhir }) => {
  const resource = {
    resourceType: 'BillingWorkflow',
    status: 'in-progress',
    identifier: [{ system: 'urn:temporal:run-id', value: 'Run-1' }],
    executionPeriod: { start: '2026-03-02T09:00:00.000Z' },
  };
  const headers = { 'if-none-exist': 'identifier=urn:temporal:run-id|Run-1' };
  const make = () => fhir.send('POST', `${base}/BillingWorkflow`, resource, headers);
  const answers = await Promise.all(Array.from({ length: 8 }, make));
  assert.is(new Set(answers.map(({ body }) => body.id)).size, 1);
  assert.equal(answers.map(({ status }) => status).sort(), [200, 200, 200, 200, 200, 200, 200, 201]);
});

test('a conditional update creates, then updates, and refuses two matches with 412', async ({ fhir }) => {
  const body = (value: string) => ({ resourceType: 'Basic', identifier: [{ system: 'urn:c', value }] });
  const send = () => fhir.send('PUT', `${base}/Basic?identifier=urn:c|1`, body('1'));
  assert.equal([(await send()).status, (await send()).status], [201, 200]);
  await fhir.send('POST', `${base}/Basic`, body('1'));
  assert.is((await send()).status, 412);
});

test('a JSON Patch applies whole or not at all, and cannot change type or id', async ({ fhir }) => {
  const target = `${base}/BillingWorkflow/patched`;
  const period = { start: '2026-03-02T09:00:00.000Z' };
  await fhir.send('PUT', target, {
    resourceType: 'BillingWorkflow',
    id: 'patched',
    status: 'in-progress',
    executionPeriod: period,
  });
  const patch = (ops: unknown) => fhir.send('PATCH', target, ops);
  const replace = { op: 'replace', path: '/status', value: 'completed' };
  const end = { op: 'add', path: '/executionPeriod/end', value: '2026-03-02T09:01:00.000Z' };
  assert.is((await patch([replace, { op: 'remove', path: '/nothing/here' }])).status, 400);
  assert.is((await fhir.send('GET', target)).body.status, 'in-progress');
  for (const op of [
    { op: 'replace', path: '/id', value: 'x' },
    { op: 'replace', path: '/resourceType', value: 'Basic' },
  ]) {
    assert.is((await patch([op])).status, 400);
  }
  const much = { op: 'add', path: '/note', value: ['much'] };
  const doubling = Array.from({ length: 40 }, () => ({ op: 'copy', from: '/note', path: '/note/-' }));
  assert.is((await patch([much, ...doubling])).status, 400, 'copies of copies fill nothing');
  for (let time = 0; time < 2; time += 1) assert.is((await patch([replace, end])).status, 200, 'repeating is harmless');
  assert.equal((await fhir.send('GET', target)).body.executionPeriod, { ...period, end: end.value });
  assert.is((await fhir.send('PATCH', `${base}/BillingWorkflow/none`, [replace])).status, 404);
});

test('search finds by token, string, date, reference, id and absence', async ({ fhir }) => {
  const put = (resource: Json) => fhir.send('PUT', `${of('s')}/${resource.resourceType}/${resource.id}`, resource);
  await put({
    resourceType: 'Patient',
    id: 'p1',
    identifier: [{ system: 'urn:mrn', value: 'A1' }],
    name: [{ family: 'Garcia' }],
    birthDate: '1980-05-01',
  });
  await put({
    resourceType: 'Patient',
    id: 'p2',
    identifier: [{ system: 'urn:other', value: 'A1' }],
    birthDate: '1990-05-01',
    active: true,
  });
  await put({ resourceType: 'Encounter', id: 'e1', status: 'finished', subject: { reference: 'Patient/p1' } });
  await put({ resourceType: 'Encounter', id: 'e2', status: 'planned', subject: { reference: 'Patient/p2' } });
  await put({ resourceType: 'BillingCase', id: 'c1', status: 'draft', encounter: [{ reference: 'Encounter/e1' }] });
  await put({ resourceType: 'BillingTask', id: 't1', status: 'pending', billingCase: { reference: 'BillingCase/c1' } });
  const expected: Record<string, string[]> = {
    'Patient?identifier=urn:mrn|A1': ['p1'],
    'Patient?identifier=A1': ['p1', 'p2'],
    'Patient?identifier=urn:mrn|': ['p1'],
    'Patient?identifier=urn:mrn|A1,urn:other|A1': ['p1', 'p2'],
    'Patient?name=garc': ['p1'],
    'Patient?name:missing=true': ['p2'],
    'Patient?birthdate=ge1985': ['p2'],
    'Patient?birthdate=1980-05-01': ['p1'],
    'Patient?active=true': ['p2'],
    'Patient?_id=p2,p1,none': ['p1', 'p2'],
    'Patient?_lastUpdated=gt2000-01-01&_sort=-birthdate': ['p2', 'p1'],
    'Patient?_sort=name': ['p1', 'p2'],
    'Patient?_sort=-name': ['p1', 'p2'],
    'Encounter?subject=Patient/p1': ['e1'],
    'Encounter?patient=p1': ['e1'],
    'Encounter?subject=Patient/p1,Patient/p2&status=planned': ['e2'],
    'Encounter?status:not=planned': ['e1'],
    'BillingCase?encounter=Encounter/e1': ['c1'],
    'BillingCase?encounter=e2': [],
    'BillingTask?billingCase=BillingCase/c1': ['t1'],
    'BillingTask?billing-case=BillingCase/c1&status=pending': ['t1'],
  };
  for (const [query, ids] of Object.entries(expected)) {
    assert.equal(idsIn((await fhir.send('GET', `${of('s')}/${query}`)).body), ids, query);
  }
  const form = 'subject=Patient/p1&status=finished';
  const posted = await fhir.send('POST', `${of('s')}/Encounter/_search`, form, {
    'content-type': 'application/x-www-form-urlencoded',
  });
  assert.equal(idsIn(posted.body), ['e1']);
});

test('a composite parameter holds within one element', async ({ fhir }) => {
  const context = (code: string, value: string) => ({
    code: { code },
    valueCodeableConcept: { coding: [{ code: value }] },
  });
  const useContext = [context('program', 'gold'), context('focus', 'silver')];
  const resource = { resourceType: 'ChargeItemDefinition', id: 'd', url: 'urn:d', status: 'active', useContext };
  await fhir.send('PUT', `${base}/ChargeItemDefinition/d`, resource);
  const count = async (value: string) =>
    (await fhir.send('GET', `${base}/ChargeItemDefinition?context-type-value=${encodeURIComponent(value)}`)).body.total;
  assert.equal(
    [await count('program$gold'), await count('program$silver'), await count('x$y,focus$silver')],
    [1, 0, 1],
  );
});

test('_include and _revinclude add what is referred to, both ways', async ({ fhir }) => {
  const put = (resource: Json) => fhir.send('PUT', `${of('i')}/${resource.resourceType}/${resource.id}`, resource);
  await put({ resourceType: 'Patient', id: 'p' });
  await put({ resourceType: 'Encounter', id: 'e', status: 'finished', subject: { reference: 'Patient/p' } });
  await put({
    resourceType: 'Procedure',
    id: 'q',
    status: 'completed',
    subject: { reference: 'Patient/p' },
    encounter: { reference: 'Encounter/e' },
  });
  const found = await fhir.send(
    'GET',
    `${of('i')}/Encounter?_id=e&_include=Encounter:subject&_revinclude=Procedure:encounter`,
  );
  assert.equal(idsIn(found.body, 'match'), ['e']);
  assert.equal(idsIn(found.body, 'include').sort(), ['p', 'q']);
  assert.is(found.body.total, 1);
});

test('FHR-10: pages are capped however many are asked for, and next leads through all of them', async ({ fhir }) => {
  const entry = Array.from({ length: 1500 }, (_, index) => ({
    resource: { resourceType: 'Basic', id: `n${index}` },
    request: { method: 'PUT', url: `Basic/n${index}` },
  }));
  const bundle = { resourceType: 'Bundle', type: 'transaction', entry };
  assert.is((await fhir.send('POST', of('many'), bundle)).status, 200);
  const first = await fhir.send('GET', `${of('many')}/Basic?_count=1000000000`);
  assert.equal([idsIn(first.body).length, first.body.total], [1000, 1500]);
  const links = first.body.link as { relation: string; url: string }[];
  const next = new URL(links.find(({ relation }) => relation === 'next')?.url ?? '');
  const second = await fhir.send('GET', `${next.pathname}${next.search}`);
  assert.equal([idsIn(second.body).length, idsIn(second.body)[0]], [500, 'n1000']);
  assert.not.ok((second.body.link as { relation: string }[]).some(({ relation }) => relation === 'next'));
});

test('what it cannot search by is refused, never answered with nothing', async ({ fhir }) => {
  const queries = [
    'nope=1',
    'name:exact=x',
    '_sort=nope',
    '_count=-1',
    '_count=x',
    'subject.name=x',
    '_has:Encounter:subject:status=x',
  ];
  for (const query of queries) {
    const { status, body } = await fhir.send('GET', `${base}/Patient?${query}`);
    assert.equal([status, body.resourceType], [400, 'OperationOutcome'], query);
  }
});

test('what is not a resource is refused with an OperationOutcome that shows nothing of the inside', async ({
  fhir,
}) => {
  const deep = `{"resourceType":"Basic","id":"x","a":${'['.repeat(5000)}${']'.repeat(5000)}}`;
  const cases: [string, string, unknown, number][] = [
    ['PUT', '/Patient/x', [], 400],
    ['PUT', '/Patient/x', { resourceType: 'Basic', id: 'x' }, 400],
    ['PUT', '/Patient/x', { resourceType: 'Patient', id: 'y' }, 400],
    ['PUT', '/Patient/a_b', { resourceType: 'Patient', id: 'a_b' }, 400],
    ['PUT', '/Nope/x', { resourceType: 'Nope', id: 'x' }, 404],
    ['PUT', '/Patient/x', '{"resourceType":', 400],
    ['PUT', '/Patient/x', '{"__proto__":{"a":1},"resourceType":"Patient","id":"x"}', 400],
    ['PUT', '/Basic/x', deep, 400],
    ['PUT', '/Basic/x', { resourceType: 'Basic', id: 'x', meta: 'no' }, 400],
    ['POST', '', { resourceType: 'Bundle', type: 'collection' }, 400],
    ['POST', '/$graphql', { query: '{}' }, 404],
    ['GET', '/Patient/$everything', undefined, 404],
    ['PATCH', '/Patient/x', { resourceType: 'Parameters' }, 400],
    ['PUT', '/Basic/x', `{"a":"${'x'.repeat(17 * 2 ** 20)}"}`, 413],
  ];
  for (const [method, target, body, expected] of cases) {
    const { status, body: answer } = await fhir.send(method, `${base}${target}`, body);
    assert.equal([status, answer.resourceType], [expected, 'OperationOutcome'], `${method} ${target} ${expected}`);
    assert.not.match(JSON.stringify(answer), /node_modules|\.ts:|\bat .*\(|sqlite/i);
  }
});

test('the metadata say R4, and health answers', async ({ fhir }) => {
  const { body } = await fhir.send('GET', '/fhir/metadata');
  assert.equal([body.resourceType, body.fhirVersion], ['CapabilityStatement', '4.0.1']);
  assert.match(JSON.stringify(body), /"type":"BillingCase"/);
  assert.equal((await fhir.send('GET', '/health')).body, { status: 'ok' });
});

test('a request that names another host is refused, as one from a rebound name would', async ({ fhir }) => {
  const status = await new Promise((resolve) => {
    const headers = { host: 'evil.example' };
    request(`${fhir.server.url}/fhir/Patient`, { headers }, (response) => resolve(response.resume().statusCode)).end();
  });
  assert.is(status, 403);
});

test('real records load in one transaction and are found again', async ({ fhir }) => {
  const data = new URL('../../docs/examples/billing/data/', import.meta.url);
  const folders = (await readdir(data, { withFileTypes: true })).filter((each) => each.isDirectory());
  assert.ok(folders.length > 0);
  for (const { name } of folders) {
    const bundle = JSON.parse(await readFile(new URL(`${name}/patient.json`, data), 'utf8')) as Json;
    const loaded = await fhir.send('POST', of(name), bundle);
    assert.is(loaded.status, 200, JSON.stringify(loaded.body).slice(0, 300));
    const [patient] = idsIn((await fhir.send('GET', `${of(name)}/Patient`)).body);
    const encounters = await fhir.send('GET', `${of(name)}/Encounter?patient=${patient}&status=finished&_sort=-date`);
    assert.ok(Number(encounters.body.total) > 0, 'references to urn:uuid were resolved');
  }
});

test('everything is there after a restart', async ({ fhir }) => {
  await fhir.send('PUT', `${base}/Patient/kept`, { resourceType: 'Patient', id: 'kept', identifier: [{ value: 'k' }] });
  const before = (await fhir.send('GET', '/fhir/Basic?_summary=count')).body.total;
  await fhir.restart();
  assert.equal(idsIn((await fhir.send('GET', `${base}/Patient?identifier=k`)).body), ['kept']);
  assert.is((await fhir.send('GET', '/fhir/Basic?_summary=count')).body.total, before);
});

test('what is no HTTP gets the answer of Node itself, also behind a request, and the server lives on', async ({
  fhir,
}) => {
  const { host } = new URL(fhir.server.url);
  const odd = [
    `POST ${base}/Patient HTTP/1.1\r\nHost: ${host}\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n`,
    `POST ${base}/Patient HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 2\r\n\r\n{}}`,
    `GET ${base}/Patient HTTP/1.1\r\nHost: ${host}\r\n\r\nGET / HTTP/9.9\r\n\r\n`,
  ];
  for (const text of odd) {
    assert.match(await sendBytes(fhir.server.url, text), /^HTTP\/1\.1 400 Bad Request\r\nConnection: close/, text);
  }
  assert.is((await fhir.send('GET', `${base}/metadata`)).status, 200);
});

test.run();
