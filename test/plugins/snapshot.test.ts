import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Json, openStage, SAINT_ANNES, type Stage } from './stage.ts';

const SNAPSHOT = '@aidbox-billing/billing-case/snapshot-billing-case';
const CONTEXT = '@aidbox-billing/billing-case/fetch-context';

interface Snapshot {
  billingCaseId: string;
  created: boolean;
}

const test = suite('plugins/snapshot');
let stage: Stage;
let encounterId: string;

test.before(async () => {
  stage = await openStage();
  encounterId = (await stage.load(SAINT_ANNES)).encounterId;
});

test.after(async () => {
  await stage.close();
});

const snapshot = (id: string) => stage.output<Snapshot>(SAINT_ANNES, SNAPSHOT, { encounterId: id });

test('calls at the same moment for one encounter make one case, and one of them has created it', async () => {
  const outputs = await Promise.all([1, 2, 3, 4].map(() => snapshot(encounterId)));
  assert.is(new Set(outputs.map((one) => one.billingCaseId)).size, 1);
  assert.is(outputs.filter((one) => one.created).length, 1);
  assert.is((await stage.all(SAINT_ANNES, 'BillingCase')).length, 1);
});

test('a further call gives the same id and has created nothing, CP-41', async () => {
  const first = await snapshot(encounterId);
  assert.equal(await snapshot(encounterId), { billingCaseId: first.billingCaseId, created: false });
  const { body } = await stage.http(SAINT_ANNES, 'GET', `BillingCase/${first.billingCaseId}`);
  assert.is((body.meta as Json).versionId, '1');
});

test('the case holds a copy of everything billed, with dual references', async () => {
  const { billingCaseId } = await snapshot(encounterId);
  const { body } = await stage.http(SAINT_ANNES, 'GET', `BillingCase/${billingCaseId}`);
  assert.is(body.status, 'draft');
  const types = (body.contained as Json[]).map((one) => one.resourceType).sort();
  assert.equal(types, [
    'Condition',
    'Coverage',
    'Encounter',
    'Organization',
    'Organization',
    'Patient',
    'Practitioner',
    'Procedure',
  ]);
  const [encounter] = body.encounter as { reference: string; extension: { valueReference: Json }[] }[];
  assert.is(encounter?.reference, `Encounter/${encounterId}`);
  assert.is(encounter?.extension[0]?.valueReference.reference, `#${encounterId}`);
});

test('the context has the copies under their own ids, and a later edit of a source changes nothing', async () => {
  const { billingCaseId } = await snapshot(encounterId);
  const read = () => stage.output<Json & { patient: Json }>(SAINT_ANNES, CONTEXT, { caseId: billingCaseId });
  const before = await read();
  const { body } = await stage.http(SAINT_ANNES, 'GET', `Patient/${before.patient.id}`);
  await stage.http(SAINT_ANNES, 'PUT', `Patient/${body.id}`, { ...body, birthDate: '1900-01-01' });
  assert.equal((await read()).patient, before.patient);
  assert.is.not(before.patient.birthDate, '1900-01-01');
  const lists = [
    'procedures',
    'practitioners',
    'coverages',
    'organizations',
    'conditions',
    'claims',
    'chargeItems',
    'claimResponses',
  ];
  assert.equal(
    lists.map((name) => (before[name] as Json[]).length),
    [1, 1, 1, 2, 1, 0, 0, 0],
  );
});

test('a case that something else made for the encounter is the one', async () => {
  const other = (await stage.all(SAINT_ANNES, 'Encounter')).find((one) => one.id !== encounterId);
  const encounter = [{ reference: `Encounter/${other?.id}` }];
  await stage.http(SAINT_ANNES, 'PUT', 'BillingCase/by-hand', {
    resourceType: 'BillingCase',
    id: 'by-hand',
    encounter,
  });
  assert.equal(await snapshot(`${other?.id}`), { billingCaseId: 'by-hand', created: false });
});

test('a server that cannot search cases by encounter finds them by their id', async () => {
  stage.unknown = (type) => type === 'BillingCase';
  const [source] = await stage.all(SAINT_ANNES, 'Encounter');
  await stage.http(SAINT_ANNES, 'PUT', 'Encounter/unsearched', { ...source, id: 'unsearched' });
  const outputs = [await snapshot('unsearched'), await snapshot('unsearched')];
  stage.unknown = () => false;
  assert.equal(
    outputs,
    [true, false].map((created) => ({ billingCaseId: 'bc-unsearched', created })),
  );
});

test('an encounter with more procedures than one page holds is snapshot whole', async () => {
  const [source] = await stage.all(SAINT_ANNES, 'Encounter');
  await stage.http(SAINT_ANNES, 'PUT', 'Encounter/long', { ...source, id: 'long' });
  const entry = Array.from({ length: 205 }, (_, n) => ({
    resource: {
      resourceType: 'Procedure',
      id: `long-${n}`,
      status: 'completed',
      encounter: { reference: 'Encounter/long' },
    },
    request: { method: 'PUT', url: `Procedure/long-${n}` },
  }));
  await stage.http(SAINT_ANNES, 'POST', '', { resourceType: 'Bundle', type: 'transaction', entry });
  const { billingCaseId } = await snapshot('long');
  const { body } = await stage.http(SAINT_ANNES, 'GET', `BillingCase/${billingCaseId}`);
  assert.is(new Set((body.procedure as Json[]).map((one) => one.reference)).size, 205);
});

test('a long encounter id gives a case id that leaves room for the ids made from it', async () => {
  const [source] = await stage.all(SAINT_ANNES, 'Encounter');
  const id = 'e'.repeat(64);
  await stage.http(SAINT_ANNES, 'PUT', `Encounter/${id}`, {
    ...source,
    id,
    serviceProvider: { reference: 'Organization/gone' },
  });
  const { billingCaseId, created } = await snapshot(id);
  assert.ok(created && billingCaseId.length <= 56);
  assert.ok(stage.lines.some((line) => line.message.includes('Organization/gone')));
});

test('an encounter that is not there, or of another tenant, fails the activity and makes no case', async () => {
  for (const tenant of [SAINT_ANNES, 'nobody']) {
    const before = (await stage.all(SAINT_ANNES, 'BillingCase')).length;
    const outcome = await stage.run(tenant, SNAPSHOT, { encounterId: tenant === 'nobody' ? encounterId : 'missing' });
    assert.is(outcome.ok, false);
    assert.is((await stage.all(SAINT_ANNES, 'BillingCase')).length, before);
  }
});

test.run();
