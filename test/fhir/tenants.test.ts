import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Fixture, idsIn, of, openFixture } from './fixture.ts';

const test = suite<{ fhir: Fixture }>('tenants');

test.before(async (context) => {
  context.fhir = await openFixture();
});

test.after(async ({ fhir }) => {
  await fhir[Symbol.asyncDispose]();
});

const patient = (id: string, family: string) => ({ resourceType: 'Patient', id, name: [{ family }] });

test('two tenants may hold the same id, and each reads its own', async ({ fhir }) => {
  await fhir.send('PUT', `${of('a')}/Patient/same`, patient('same', 'Abe'));
  await fhir.send('PUT', `${of('b')}/Patient/same`, patient('same', 'Bea'));
  const [a, b] = await Promise.all(['a', 'b'].map((tenant) => fhir.send('GET', `${of(tenant)}/Patient/same`)));
  assert.equal([a?.body.name, b?.body.name], [[{ family: 'Abe' }], [{ family: 'Bea' }]]);
});

test('FHR-09: a foreign id and a missing one get the same answer, to every method', async ({ fhir }) => {
  await fhir.send('PUT', `${of('a')}/Patient/foreign`, patient('foreign', 'Abe'));
  const ops = [{ op: 'add', path: '/active', value: true }];
  const answers = async (id: string) => {
    const target = `${of('b')}/Patient/${id}`;
    const all = [
      await fhir.send('GET', target),
      await fhir.send('GET', `${target}/_history`),
      await fhir.send('GET', `${target}/_history/1`),
      await fhir.send('PATCH', target, ops),
      await fhir.send('DELETE', target),
      await fhir.send('PUT', target, patient(id, 'Bea'), { 'if-match': 'W/"1"' }),
      await fhir.send('GET', `${of('b')}/Patient?_id=${id}`),
    ];
    return JSON.stringify(all.map(({ status, body }) => [status, body])).replaceAll(id, 'ID');
  };
  assert.is(await answers('foreign'), await answers('missing'));
  assert.is((await fhir.send('GET', `${of('a')}/Patient/foreign`)).status, 200);
});

test('a search finds, counts and includes nothing of another tenant', async ({ fhir }) => {
  await fhir.send('PUT', `${of('c')}/Patient/only-c`, patient('only-c', 'Cy'));
  const encounter = {
    resourceType: 'Encounter',
    id: 'e',
    status: 'finished',
    subject: { reference: 'Patient/only-c' },
  };
  await fhir.send('PUT', `${of('d')}/Encounter/e`, encounter);
  const include = await fhir.send('GET', `${of('d')}/Encounter?_include=Encounter:subject`);
  assert.equal(idsIn(include.body), ['e']);
  const back = await fhir.send('GET', `${of('c')}/Patient?_revinclude=Encounter:subject`);
  assert.equal(idsIn(back.body), ['only-c']);
  for (const query of ['', '?name=Cy', '?_id=only-c', '?_sort=name', '?_summary=count']) {
    assert.is((await fhir.send('GET', `${of('d')}/Patient${query}`)).body.total, 0, query);
  }
});

test('FHR-07: a write to another tenant’s Organization, or tagged as its, stays in the writer’s partition', async ({
  fhir,
}) => {
  await fhir.send('PUT', `${of('b')}/Organization/b`, { resourceType: 'Organization', id: 'b', name: 'B' });
  const forged = { resourceType: 'Organization', id: 'b', name: 'forged', meta: { tag: [{ code: 'b' }] } };
  await fhir.send('PUT', `${of('a')}/Organization/b`, forged);
  assert.is((await fhir.send('GET', `${of('b')}/Organization/b`)).body.name, 'B');
});

test('the unprefixed base sees every tenant', async ({ fhir }) => {
  await fhir.send('PUT', `${of('e')}/Basic/in-e`, { resourceType: 'Basic', id: 'in-e' });
  await fhir.send('PUT', `${of('f')}/Basic/in-f`, { resourceType: 'Basic', id: 'in-f' });
  assert.equal(idsIn((await fhir.send('GET', '/fhir/Basic')).body), ['in-e', 'in-f']);
  assert.is((await fhir.send('GET', '/fhir/Basic/in-f')).status, 200);
});

test('a write to the unprefixed base goes to the partition that has the resource, else to none’s', async ({ fhir }) => {
  await fhir.send('PUT', `${of('g')}/Group/g1`, { resourceType: 'Group', id: 'g1' });
  await fhir.send('PUT', '/fhir/Group/g1', { resourceType: 'Group', id: 'g1', name: 'changed' });
  assert.is((await fhir.send('GET', `${of('g')}/Group/g1`)).body.name, 'changed');
  await fhir.send('PUT', '/fhir/Group/nobody', { resourceType: 'Group', id: 'nobody' });
  assert.is((await fhir.send('GET', `${of('g')}/Group/nobody`)).status, 404);
});

test('an id of two tenants is ambiguous to the unprefixed base: 412', async ({ fhir }) => {
  for (const tenant of ['h', 'i']) await fhir.send('PUT', `${of(tenant)}/List/l`, { resourceType: 'List', id: 'l' });
  assert.is((await fhir.send('GET', '/fhir/List/l')).status, 412);
  assert.is((await fhir.send('DELETE', '/fhir/List/l')).status, 412);
});

test('a tenant’s base is one path segment: no other form of it is served', async ({ fhir }) => {
  const forms = ['/Organization/a%2Fb/fhir/Patient', '/Organization/a/b/fhir/Patient', '/Organization//fhir/Patient'];
  forms.push(
    '/Organization/a/fhirx/Patient',
    `/Organization/${'x'.repeat(65)}/fhir/Patient`,
    '/organization/a/fhir/Patient',
  );
  for (const form of forms) assert.is((await fhir.send('GET', form)).status, 404, form);
});

test('a bundle entry cannot leave its tenant by its url', async ({ fhir }) => {
  await fhir.send('PUT', `${of('b')}/Patient/target`, patient('target', 'Bea'));
  const urls = [
    '/Organization/b/fhir/Patient/target',
    '../../b/fhir/Patient/target',
    `${fhir.server.url}${of('b')}/Patient/target`,
  ];
  for (const url of urls) {
    const entry = [{ resource: patient('target', 'forged'), request: { method: 'PUT', url } }];
    const { status } = await fhir.send('POST', of('a'), { resourceType: 'Bundle', type: 'transaction', entry });
    assert.ok(status >= 400, url);
  }
  assert.equal((await fhir.send('GET', `${of('b')}/Patient/target`)).body.name, [{ family: 'Bea' }]);
});

test.run();
