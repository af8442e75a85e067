import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Json, openStage, SAINT_ANNES, type Stage } from './stage.ts';

const MAPPING = './triggers/encounter-finished/input-mapping.ts';
const TENANT = 'https://aidbox.app/tenant-organization-id';

const test = suite('plugins/example');
let stage: Stage;

test.before(async () => {
  stage = await openStage();
});

test.after(async () => {
  await stage.close();
});

const passes = async (rule: string, input: Json): Promise<unknown> =>
  (await stage.output(SAINT_ANNES, `./validation-rules/${rule}.ts`, input)).passed;

test('the trigger starts prebill under the tenant that the resource is marked with', async () => {
  const extension = [{ url: TENANT, valueReference: { reference: 'Organization/a' } }];
  const resource = { resourceType: 'Encounter', id: 'e1', meta: { extension } };
  const input = { encounterId: 'e1', tenantOrganizationId: 'a', _workflowId: 'prebill-e1' };
  assert.equal(await stage.output(SAINT_ANNES, MAPPING, { resource }), input);
});

test('the trigger starts nothing for a resource without tenant', async () => {
  const outcome = await stage.run(SAINT_ANNES, MAPPING, { resource: { resourceType: 'Encounter', id: 'e1' } });
  assert.ok(outcome.ok && outcome.output === null);
});

test('an NPI has ten digits and a right check digit', async () => {
  const of = (value: string) => ({
    subject: { participant: [{ individual: { reference: 'Practitioner/d' } }] },
    context: { practitioners: [{ id: 'd', identifier: [{ system: 'http://hl7.org/fhir/sid/us-npi', value }] }] },
  });
  assert.equal(await passes('rendering-npi', of('1234567893')), true);
  for (const value of ['1234567890', '100', '12345678930'])
    assert.equal(await passes('rendering-npi', of(value)), false);
});

test('a claim needs priced lines that add up to its total', async () => {
  const of = (total: number, ...nets: number[]) => ({
    subject: { item: nets.map((value) => ({ net: { value } })), total: { value: total } },
  });
  assert.equal(await passes('claim-total', of(0.3, 0.1, 0.2)), true);
  for (const input of [of(0), of(1, 2), of(2, 2, 0), {}]) assert.equal(await passes('claim-total', input), false);
});

test('a procedure lies within its encounter and has a reason', async () => {
  const context = { encounter: { period: { start: '2020-01-01T10:00:00Z', end: '2020-01-01T11:00:00Z' } } };
  const at = (performedDateTime?: string) => ({ subject: { performedDateTime }, context });
  assert.equal(await passes('procedure-date', at('2020-01-01T11:30:00+01:00')), true);
  for (const time of ['2020-01-01T12:00:00Z', '2019-12-31T10:30:00Z', undefined]) {
    assert.equal(await passes('procedure-date', at(time)), false);
  }
  assert.equal(await passes('procedure-diagnosis', { subject: { reasonCode: [{ text: 'x' }] } }), true);
  assert.equal(await passes('procedure-diagnosis', { subject: {} }), false);
});

test('a patient needs family name, birth date and address', async () => {
  const whole = { name: [{ family: 'A' }], birthDate: '2000-01-01', address: [{ line: ['1'], postalCode: '2' }] };
  assert.equal(await passes('patient-demographics', { subject: whole }), true);
  for (const field of Object.keys(whole)) {
    assert.equal(await passes('patient-demographics', { subject: { ...whole, [field]: undefined } }), false);
  }
});

test.run();
