import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { loadPatients, tenantsIn } from '../../host/cli/patients.ts';
import { BAPTIST, openStage, SAINT_ANNES, type Stage } from './stage.ts';

const DATA = join(fileURLToPath(new URL('../../', import.meta.url)), 'docs/examples/billing/data');

const test = suite('plugins/patients');
let stage: Stage;

test.before(async () => {
  stage = await openStage();
});

test.after(async () => {
  await stage.close();
});

const load = async (tenant: string) => {
  const log: string[] = [];
  const loaded = await loadPatients({ fhirUrl: stage.fhirUrl, tenant, dataDir: DATA, log: (line) => log.push(line) });
  return { ...loaded, log };
};

test('there is a patient for each of two tenants', async () => {
  assert.equal(await tenantsIn(DATA), [BAPTIST, SAINT_ANNES]);
});

test('loading a second time changes nothing and finds the same encounter', async () => {
  const first = await load(SAINT_ANNES);
  const before = await stage.all(SAINT_ANNES, 'Encounter');
  const second = await load(SAINT_ANNES);
  assert.is(second.encounterId, first.encounterId);
  assert.equal(await stage.all(SAINT_ANNES, 'Encounter'), before);
  assert.match(second.log.join(), 'already loaded');
});

test('the encounter to bill is finished and has a procedure', async () => {
  const { encounterId } = await load(SAINT_ANNES);
  const encounter = (await stage.all(SAINT_ANNES, 'Encounter')).find((one) => one.id === encounterId);
  assert.is(encounter?.status, 'finished');
  const { body } = await stage.http(SAINT_ANNES, 'GET', `Procedure?encounter=Encounter/${encounterId}`);
  assert.is(body.total, 1);
});

test('the coverage inside the explanations of benefit is there as a resource, with its payor', async () => {
  await load(SAINT_ANNES);
  const [coverage = {}, ...others] = await stage.all(SAINT_ANNES, 'Coverage');
  assert.equal([coverage.order, coverage.status, others], [1, 'active', []]);
  const [payor] = coverage.payor as { reference: string }[];
  assert.is((await stage.http(SAINT_ANNES, 'GET', `${payor?.reference}`)).body.name, 'private');
});

test('no reference of the loaded resources leads nowhere', async () => {
  await load(SAINT_ANNES);
  const types = [
    'Patient',
    'Organization',
    'Practitioner',
    'Encounter',
    'Condition',
    'Procedure',
    'Coverage',
    'Claim',
    'ExplanationOfBenefit',
    'Observation',
  ];
  const resources = (await Promise.all(types.map((type) => stage.all(SAINT_ANNES, type)))).flat();
  const known = new Set(resources.map((one) => `${one.resourceType}/${one.id}`));
  const named = JSON.stringify(resources).matchAll(/"reference":"([A-Za-z]+)\/([^"]+)"/g);
  const broken = [...named].filter(([, type, id]) => types.includes(`${type}`) && !known.has(`${type}/${id}`));
  assert.equal(broken, []);
  assert.not.ok(JSON.stringify(resources).includes('urn:uuid:'));
});

test('a tenant sees nothing of the other one', async () => {
  const [ours, theirs] = [await load(SAINT_ANNES), await load(BAPTIST)];
  assert.is((await stage.http(SAINT_ANNES, 'GET', `Encounter/${theirs.encounterId}`)).status, 404);
  assert.is((await stage.http(BAPTIST, 'GET', `Encounter/${ours.encounterId}`)).status, 404);
});

test('a tenant without patient, and a server that is not there, are said plainly', async () => {
  await load('nobody').then(
    () => assert.unreachable(),
    (error: Error) => assert.match(error.message, 'nobody'),
  );
  const request = { fhirUrl: 'http://127.0.0.1:9', tenant: BAPTIST, dataDir: DATA, log: () => undefined };
  await loadPatients(request).then(
    () => assert.unreachable(),
    (error: Error) => assert.instance(error, Error),
  );
});

test.run();
