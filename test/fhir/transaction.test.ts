import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Fixture, idsIn, type Json, of, openFixture } from './fixture.ts';

const test = suite<{ fhir: Fixture }>('transaction');
const base = of('t');

test.before(async (context) => {
  context.fhir = await openFixture();
});

test.after(async ({ fhir }) => {
  await fhir[Symbol.asyncDispose]();
});

const put = (resource: Json) => ({
  resource,
  request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` },
});
const bundle = (type: string, entry: unknown[]) => ({ resourceType: 'Bundle', type, entry });
const responses = ({ entry }: Json) => (entry as { response: Json }[]).map(({ response }) => response);

test('CP-42: a failed entry leaves no entry applied, whatever the others do', async ({ fhir }) => {
  await fhir.send('PUT', `${base}/Patient/old`, { resourceType: 'Patient', id: 'old', active: true });
  await fhir.send('PUT', `${base}/Patient/doomed`, { resourceType: 'Patient', id: 'doomed' });
  const failing = [
    { resource: { resourceType: 'Basic', id: 'a_b' }, request: { method: 'PUT', url: 'Basic/a_b' } },
    { request: { method: 'GET', url: 'Basic/none' } },
    { resource: { resourceType: 'Nope', id: 'x' }, request: { method: 'PUT', url: 'Nope/x' } },
    {
      ...put({ resourceType: 'Patient', id: 'old' }),
      request: { method: 'PUT', url: 'Patient/old', ifMatch: 'W/"9"' },
    },
    { request: { method: 'POST', url: '$graphql' }, resource: {} },
  ];
  for (const entry of failing) {
    const others = [
      put({ resourceType: 'Patient', id: 'new' }),
      { resource: { resourceType: 'Patient', active: true }, request: { method: 'POST', url: 'Patient' } },
      { request: { method: 'DELETE', url: 'Patient/doomed' } },
    ];
    const { status, body } = await fhir.send('POST', base, bundle('transaction', [...others, entry]));
    assert.ok(status >= 400 && status < 500, JSON.stringify(body));
    assert.match(JSON.stringify(body), /Bundle\.entry\[3\]/);
    assert.equal(idsIn((await fhir.send('GET', `${base}/Patient`)).body), ['old', 'doomed'], entry.request.url);
  }
});

test('references to urn:uuid become references to what the entries made', async ({ fhir }) => {
  const urn = 'urn:uuid:11111111-1111-4111-8111-111111111111';
  const entry = [
    {
      resource: { resourceType: 'Encounter', status: 'finished', subject: { reference: urn } },
      request: { method: 'POST', url: 'Encounter' },
    },
    { fullUrl: urn, resource: { resourceType: 'Patient' }, request: { method: 'POST', url: 'Patient' } },
  ];
  const { body } = await fhir.send('POST', of('u'), bundle('transaction', entry));
  const [encounter, patient] = idsIn(body);
  const read = await fhir.send('GET', `${of('u')}/Encounter/${encounter}`);
  assert.equal(read.body.subject, { reference: `Patient/${patient}` });
});

test('a conditional create in a transaction finds what is there, and others may refer to it', async ({ fhir }) => {
  const urn = 'urn:uuid:22222222-2222-4222-8222-222222222222';
  const once = () =>
    fhir.send(
      'POST',
      of('v'),
      bundle('transaction', [
        {
          fullUrl: urn,
          resource: { resourceType: 'Patient', identifier: [{ system: 'urn:x', value: '1' }] },
          request: { method: 'POST', url: 'Patient', ifNoneExist: 'identifier=urn:x|1' },
        },
        { resource: { resourceType: 'Flag', subject: { reference: urn } }, request: { method: 'POST', url: 'Flag' } },
      ]),
    );
  const [first, second] = [await once(), await once()];
  assert.is(idsIn(first.body)[0], idsIn(second.body)[0]);
  assert.is((await fhir.send('GET', `${of('v')}/Patient`)).body.total, 1);
  assert.is((await fhir.send('GET', `${of('v')}/Flag?subject=Patient/${idsIn(first.body)[0]}`)).body.total, 2);
});

test('a transaction may hold hundreds of updates', async ({ fhir }) => {
  const entry = Array.from({ length: 300 }, (_, index) => put({ resourceType: 'Basic', id: `b${index}` }));
  assert.is((await fhir.send('POST', of('w'), bundle('transaction', entry))).status, 200);
  assert.is((await fhir.send('GET', `${of('w')}/Basic?_summary=count`)).body.total, 300);
});

test('a resource may occur once in a transaction', async ({ fhir }) => {
  const entry = [put({ resourceType: 'Basic', id: 'twice' }), put({ resourceType: 'Basic', id: 'twice' })];
  assert.is((await fhir.send('POST', of('x'), bundle('transaction', entry))).status, 400);
  assert.is((await fhir.send('GET', `${of('x')}/Basic`)).body.total, 0);
});

test('a batch reports per entry and keeps what succeeded', async ({ fhir }) => {
  const entry = [
    put({ resourceType: 'Basic', id: 'good' }),
    { resource: { resourceType: 'Basic', id: 'a_b' }, request: { method: 'PUT', url: 'Basic/a_b' } },
    { request: { method: 'GET', url: 'Basic?_id=good' } },
    { resource: bundle('batch', []), request: { method: 'POST', url: '/' } },
  ];
  const { status, body } = await fhir.send('POST', of('y'), bundle('batch', entry));
  assert.is(status, 200);
  assert.equal(
    responses(body).map((each) => each.status),
    ['201', '400', '200', '404'],
  );
  assert.is((await fhir.send('GET', `${of('y')}/Basic/good`)).status, 200);
});

test('transactions at once do not mix: each adds one to a counter it read under If-Match', async ({ fhir }) => {
  const target = `${of('z')}/Basic/counter`;
  await fhir.send('PUT', target, {
    resourceType: 'Basic',
    id: 'counter',
    extension: [{ url: 'urn:n', valueInteger: 0 }],
  });
  const addOne = async (): Promise<void> => {
    const { body } = await fhir.send('GET', target);
    const [{ valueInteger }] = body.extension as [{ valueInteger: number }];
    const next = put({ ...body, extension: [{ url: 'urn:n', valueInteger: valueInteger + 1 }] });
    const request = { ...next.request, ifMatch: `W/"${(body.meta as Json).versionId}"` };
    const marker = put({ resourceType: 'Basic', id: `m${valueInteger}` });
    const { status } = await fhir.send('POST', of('z'), bundle('transaction', [marker, { ...next, request }]));
    if (status === 412) return addOne();
    assert.is(status, 200);
  };
  await Promise.all(Array.from({ length: 6 }, addOne));
  const { body } = await fhir.send('GET', target);
  assert.equal(body.extension, [{ url: 'urn:n', valueInteger: 6 }]);
});

test('what was written beside a transaction stays when that transaction fails', async ({ fhir }) => {
  const fill = (round: number) =>
    Array.from({ length: 40 }, (_, at) => put({ resourceType: 'Basic', id: `r${round}-${at}` }));
  const failing = (round: number) => {
    const entry = [...fill(round), { request: { method: 'GET', url: 'Basic/none' } }];
    return fhir.send('POST', of('q'), bundle('transaction', entry));
  };
  const single = (round: number) =>
    fhir.send('PUT', `${of('q')}/Group/g${round}`, { resourceType: 'Group', id: `g${round}` });
  const answers = await Promise.all(Array.from({ length: 10 }, (_, round) => [failing(round), single(round)]).flat());
  assert.equal(
    answers.map(({ status }) => status),
    Array.from({ length: 10 }, () => [400, 201]).flat(),
  );
  const count = async (type: string) => (await fhir.send('GET', `${of('q')}/${type}?_summary=count`)).body.total;
  assert.equal([await count('Group'), await count('Basic')], [10, 0]);
});

test.run();
