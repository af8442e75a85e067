import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Json, openStage, SAINT_ANNES, type Stage } from './stage.ts';

const SEARCH = '@aidbox-billing/fhir/search';
const TRANSACTION = '@aidbox-billing/fhir/transaction';
const PATIENT = '2be9b668-847a-4437-b33a-bdc38c665e08';

const REFUSED = [
  '',
  '/Patient',
  'patient',
  'http://fhir.example.org/Patient',
  '//fhir.example.org/Patient',
  'Organization/other/fhir/Patient',
  'Organization/other/fhir',
  'Patient/1/_history',
  'Patient/..',
  '../Patient',
  'Patient/1?x=y',
  'Patient#x',
  'Patient/$everything',
  null,
  12,
];

const test = suite('plugins/fhir');
let stage: Stage;

test.before(async () => {
  stage = await openStage();
  await stage.load(SAINT_ANNES);
});

test.after(async () => {
  await stage.close();
});

async function found(params: unknown): Promise<Json[]> {
  const { bundle } = await stage.output<{ bundle: Json & { entry: { resource: Json }[] } }>(
    SAINT_ANNES,
    SEARCH,
    params,
  );
  assert.is(bundle.type, 'searchset');
  return bundle.entry.map((entry) => entry.resource);
}

test("a search by type, by query and by params finds the tenant's resources", async () => {
  assert.equal(
    (await found({ url: 'Patient' })).map((one) => one.id),
    [PATIENT],
  );
  assert.is((await found({ url: 'Encounter?status=finished&_count=2' })).length, 2);
  assert.is((await found({ url: 'Encounter', params: { status: 'finished', _count: 3 } })).length, 3);
});

test('a list of values repeats the parameter, beside those of the url', async () => {
  const wide = await found({ url: 'Encounter', params: { date: ['ge2013-01-01', 'lt2014-01-01'] } });
  const mixed = await found({ url: 'Encounter?date=ge2013-01-01', params: { date: 'lt2014-01-01' } });
  assert.equal(
    wide.map((one) => one.id),
    mixed.map((one) => one.id),
  );
  assert.ok(wide.length > 0 && wide.length < (await found({ url: 'Encounter' })).length);
});

test('Type/id gives a searchset with that one resource, and fails for one that is not there', async () => {
  assert.equal(
    (await found({ url: `Patient/${PATIENT}` })).map((one) => one.id),
    [PATIENT],
  );
  const missing = await stage.run(SAINT_ANNES, SEARCH, { url: 'Patient/nobody' });
  assert.is(missing.ok, false);
});

test('an absolute, prefixed or otherwise odd URL is refused before any call, CP-44', async () => {
  for (const url of REFUSED) {
    stage.calls.length = 0;
    const outcome = await stage.run(SAINT_ANNES, SEARCH, { url });
    assert.ok(!outcome.ok && /expected a relative URL/.test(outcome.message), `${url}`);
    assert.equal(stage.calls, []);
  }
});

test('a transaction entry with such a URL is refused before any call, CP-44', async () => {
  for (const url of REFUSED) {
    stage.calls.length = 0;
    const entry = [{ resource: { resourceType: 'Basic' }, request: { method: 'POST', url } }];
    const bundle = { resourceType: 'Bundle', type: 'transaction', entry };
    const outcome = await stage.run(SAINT_ANNES, TRANSACTION, { bundle });
    assert.ok(!outcome.ok && /entry\[0\]\.request\.url: .*expected a relative URL/.test(outcome.message), `${url}`);
    assert.equal(stage.calls, []);
  }
});

const put = (id: string) => ({
  resource: { resourceType: 'Basic', id },
  request: { method: 'PUT', url: `Basic/${id}` },
});
const broken = { request: { method: 'GET', url: 'Basic/nobody' } };

test('a transaction is all or nothing, and its refusal fails the activity, CP-42', async () => {
  const send = (entry: unknown[]) =>
    stage.run(SAINT_ANNES, TRANSACTION, { bundle: { resourceType: 'Bundle', type: 'transaction', entry } });
  assert.is((await send([put('a1'), put('a2')])).ok, true);
  const outcome = await send([put('a3'), broken]);
  assert.ok(!outcome.ok && outcome.code === 'SCRIPT_ERROR');
  assert.equal((await stage.all(SAINT_ANNES, 'Basic')).map((one) => one.id).sort(), ['a1', 'a2']);
});

test('a batch reports per entry and does not fail', async () => {
  const bundle = { resourceType: 'Bundle', type: 'batch', entry: [put('b1'), broken] };
  const { response } = await stage.output<{ response: { entry: { response: { status: string } }[] } }>(
    SAINT_ANNES,
    TRANSACTION,
    { bundle },
  );
  assert.equal(
    response.entry.map((entry) => entry.response.status[0]),
    ['2', '4'],
  );
});

test('a bundle without entries is answered without a call, one of another type is refused', async () => {
  stage.calls.length = 0;
  const empty = { resourceType: 'Bundle', type: 'transaction', entry: [] };
  await stage.output(SAINT_ANNES, TRANSACTION, { bundle: empty });
  const outcome = await stage.run(SAINT_ANNES, TRANSACTION, { bundle: { ...empty, type: 'collection' } });
  assert.ok(!outcome.ok && /found type "collection"/.test(outcome.message));
  assert.equal(stage.calls, []);
});

test.run();
