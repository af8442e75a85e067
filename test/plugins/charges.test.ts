import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Json, openStage, type Stage } from './stage.ts';

const BUILD = '@aidbox-billing/billing-case/build-charge-items';
const DRAFT = '@aidbox-billing/billing-case/build-draft-claim';
const TENANT = 'prices';
const SNOMED = 'http://snomed.info/sct';
const PCN = 'http://aidbox.billing.com/CodeSystem/patient-control-number';

/** A definition for code 1 and payor `a`, unless `more` says otherwise. */
function definition(id: string, more: object = {}, { code = '1', payor = 'a' } = {}): Json & { id: string } {
  const amount = { value: 10, currency: 'USD' };
  return {
    resourceType: 'ChargeItemDefinition',
    id,
    url: `http://example.org/${id}`,
    status: 'active',
    code: { text: id },
    useContext: [
      { code: { code: 'procedure' }, valueCodeableConcept: { coding: [{ system: SNOMED, code }] } },
      { code: { code: 'program' }, valueReference: { reference: `Organization/${payor}` } },
    ],
    propertyGroup: [{ priceComponent: [{ type: 'base', amount }] }],
    ...more,
  };
}

const js = (expression: string, language = 'text/javascript') => ({ applicability: [{ language, expression }] });

const priced = (priceComponent: unknown[], applicability?: unknown) => ({
  propertyGroup: [{ priceComponent, ...(applicability ? { applicability } : {}) }],
});

const usd = (value: number) => ({ value, currency: 'USD' });

const DEFINITIONS = [
  definition('always'),
  definition('other-code', {}, { code: '2' }),
  definition('other-payor', {}, { payor: 'b' }),
  definition('retired', { status: 'retired' }),
  definition('too-late', { effectivePeriod: { start: '2020-06-16' } }),
  definition('too-early', { effectivePeriod: { end: '2020-06-14' } }),
  definition('that-day', { effectivePeriod: { start: '2020-06-15', end: '2020-06' } }),
  definition(
    'when-true',
    js('procedure.status === "completed" && context.patient.id === "p" && coverage.id === "cov"'),
  ),
  definition('when-false', js('return procedure.status !== "completed";')),
];

const procedure = {
  resourceType: 'Procedure',
  id: 'proc',
  status: 'completed',
  code: {
    coding: [
      { system: SNOMED, code: '1' },
      { system: 'urn:other', code: '2' },
    ],
  },
  performedDateTime: '2020-06-15T12:00:00Z',
  reasonReference: [{ reference: 'Condition/cond' }],
};

const coverage = { resourceType: 'Coverage', id: 'cov', payor: [{ reference: 'Organization/a' }] };

const context = {
  billingCase: { resourceType: 'BillingCase', id: 'bc-1', status: 'draft', contained: [] },
  patient: { resourceType: 'Patient', id: 'p' },
  encounter: { resourceType: 'Encounter', id: 'e', serviceProvider: { reference: 'Organization/h' } },
  procedures: [procedure],
  practitioners: [{ resourceType: 'Practitioner', id: 'dr' }],
  coverages: [coverage],
  organizations: ['a', 'h'].map((id) => ({ resourceType: 'Organization', id })),
  conditions: [{ resourceType: 'Condition', id: 'cond', code: { coding: [{ system: SNOMED, code: 'why' }] } }],
  claims: [] as Json[],
  chargeItems: [] as Json[],
  claimResponses: [],
};

interface Planned {
  chargeItems: (Json & { id: string })[];
  chargeItemDefinitions: Json[];
  bundle: { entry: { request: { method: string; url: string }; resource: Json }[] };
}

interface Drafted {
  context: typeof context;
  claim: Json & { item: Json[]; identifier: Json[] };
  bundle: Planned['bundle'];
}

const test = suite('plugins/charges');
let stage: Stage;

test.before(async () => {
  stage = await openStage();
  for (const one of DEFINITIONS) await stage.http(TENANT, 'PUT', `ChargeItemDefinition/${one.id}`, one);
});

test.after(async () => {
  await stage.close();
});

const build = (more: object = {}) => stage.output<Planned>(TENANT, BUILD, { context, coverage, ...more });
const titles = ({ chargeItems }: Planned) => chargeItems.map((one) => (one.code as Json).text);

test('a definition matches by code, payor, date and applicability, and only then', async () => {
  assert.equal(titles(await build({ procedureCodeSystem: SNOMED })), ['always', 'that-day', 'when-true']);
});

test('a server without the composite parameter gives the same matches, out of the whole list read once', async () => {
  stage.unknown = (_, params) => 'context-type-value' in params;
  stage.calls.length = 0;
  const twice = { ...context, procedures: [procedure, { ...procedure, id: 'again' }] };
  const planned = await build({ procedureCodeSystem: SNOMED, context: twice });
  stage.unknown = () => false;
  assert.equal(titles(planned), ['always', 'that-day', 'when-true', 'always', 'that-day', 'when-true']);
  assert.is(stage.calls.length, 2);
});

test('codes of other systems count only when no system is asked for', async () => {
  const foreign = { ...procedure, code: { coding: [{ system: 'urn:other', code: '1' }] } };
  assert.equal(titles(await build({ context: { ...context, procedures: [foreign] } })), []);
  assert.is((await build({ procedureCodeSystem: 'urn:other' })).chargeItems.length, 0);
});

test('each pair becomes a planned charge item with its own id, and nothing is written', async () => {
  const { chargeItems, chargeItemDefinitions, bundle } = await build();
  assert.equal(
    chargeItems.map((one) => [one.id, one.status]),
    [0, 1, 2].map((n) => [`bc-1-ci-${n}`, 'planned']),
  );
  assert.equal(
    chargeItemDefinitions.map((one) => one.id),
    ['always', 'that-day', 'when-true'],
  );
  assert.equal(
    bundle.entry.map((one) => `${one.request.method} ${one.request.url}`),
    ['PUT ChargeItem/bc-1-ci-0', 'PUT ChargeItem/bc-1-ci-1', 'PUT ChargeItem/bc-1-ci-2', 'PUT BillingCase/bc-1'],
  );
  assert.equal(await stage.all(TENANT, 'ChargeItem'), []);
});

test('no match gives empty lists and a bundle without entries', async () => {
  const { chargeItems, chargeItemDefinitions, bundle } = await build({ context: { ...context, procedures: [] } });
  assert.equal([chargeItems, chargeItemDefinitions, bundle.entry], [[], [], []]);
});

test('a charge item that is past planning keeps its id and its place in the case', async () => {
  const billed = { resourceType: 'ChargeItem', id: 'bc-1-ci-1', status: 'billed' };
  const { chargeItems, bundle } = await build({ context: { ...context, chargeItems: [billed] } });
  assert.equal(
    chargeItems.map((one) => one.id),
    ['bc-1-ci-0', 'bc-1-ci-2', 'bc-1-ci-3'],
  );
  const billingCase = bundle.entry.map((one) => one.resource).find((one) => one.resourceType === 'BillingCase') ?? {};
  assert.is((billingCase.chargeItem as Json[])[0]?.reference, 'ChargeItem/bc-1-ci-1');
});

test('an applicability that throws, or in another language, fails the activity and names the definition', async () => {
  for (const more of [js('nothing.here'), js('true', 'text/fhirpath'), js('for (;;) {}')]) {
    await stage.http(TENANT, 'PUT', 'ChargeItemDefinition/faulty', definition('faulty', more));
    const outcome = await stage.run(TENANT, BUILD, { context, coverage });
    assert.ok(!outcome.ok && outcome.message.includes('ChargeItemDefinition/faulty applicability[0]'));
  }
  await stage.http(TENANT, 'DELETE', 'ChargeItemDefinition/faulty');
});

test('applicability is foreign code: it reaches no capability and no other evaluation', async () => {
  const probe = js(
    'globalThis.leak = 1; return typeof fhir === "undefined" && typeof $cloister === "undefined" && typeof process === "undefined"',
  );
  const look = js('typeof leak === "undefined"');
  await stage.http(TENANT, 'PUT', 'ChargeItemDefinition/probe', definition('probe', probe));
  await stage.http(TENANT, 'PUT', 'ChargeItemDefinition/zlook', definition('zlook', look));
  assert.equal(titles(await build()), ['always', 'probe', 'that-day', 'when-true', 'zlook']);
  for (const id of ['probe', 'zlook']) await stage.http(TENANT, 'DELETE', `ChargeItemDefinition/${id}`);
});

/** Drafts a claim for one charge item of a definition. */
async function draft(one: Json, more: object = {}, item: object = {}): Promise<Drafted> {
  const chargeItem = {
    resourceType: 'ChargeItem',
    id: 'bc-1-ci-0',
    status: 'planned',
    definitionCanonical: [one.url],
    code: one.code,
    service: [{ reference: 'Procedure/proc' }],
    ...item,
  };
  const input = { context, coverage, chargeItems: [chargeItem], chargeItemDefinitions: [one], ...more };
  return stage.output<Drafted>(TENANT, DRAFT, input);
}

test('a line is the unit price times the quantity; the claim is the sum', async () => {
  const components = [
    { type: 'base', amount: usd(100) },
    { type: 'surcharge', amount: usd(5.1) },
    { type: 'discount', factor: 0.1 },
    { type: 'deduction', amount: usd(0.05) },
    { type: 'tax', factor: 0.2 },
    { type: 'informational', amount: usd(999) },
  ];
  const { claim } = await draft(definition('x', priced(components)), {}, { quantity: { value: 3 } });
  assert.equal([claim.item[0]?.unitPrice, claim.item[0]?.net, claim.total], [usd(95.05), usd(285.15), usd(285.15)]);
});

test('a price group counts only when it applies, and a definition without price gives a line without', async () => {
  const never = [{ language: 'text/javascript', expression: 'false' }];
  const { claim } = await draft(definition('x', priced([{ type: 'base', amount: usd(100) }], never)));
  assert.equal([claim.item[0]?.unitPrice, claim.item[0]?.net, claim.total], [undefined, undefined, usd(0)]);
});

test('prices in two currencies are refused', async () => {
  const components = [
    { type: 'base', amount: usd(1) },
    { type: 'surcharge', amount: { value: 1, currency: 'EUR' } },
  ];
  const one = definition('x', priced(components));
  await draft(one).then(
    () => assert.unreachable(),
    (error: Error) => assert.match(error.message, 'found prices in USD and EUR'),
  );
});

test('the claim carries everyone it names, its diagnosis, and a draft status', async () => {
  const { claim, context: after, bundle } = await draft(definition('x'));
  const types = (claim.contained as Json[]).map((one) => one.resourceType);
  assert.equal(types, ['Patient', 'Encounter', 'Practitioner', 'Organization', 'Organization', 'Coverage']);
  assert.is(claim.status, 'draft');
  assert.equal([claim.use, claim.related], ['claim', undefined]);
  assert.equal(claim.item[0]?.diagnosisSequence, [1]);
  assert.equal((claim.provider as Json).reference, 'Organization/h');
  assert.equal((claim.insurer as Json).reference, 'Organization/a');
  assert.equal(
    after.claims.map((one) => one.id),
    [claim.id],
  );
  assert.equal(
    after.chargeItems.map((one) => one.id),
    ['bc-1-ci-0'],
  );
  assert.equal(
    bundle.entry.map((one) => one.request.url),
    [`Claim/${claim.id}`, 'BillingCase/bc-1'],
  );
});

test('the patient control number is the same in every attempt and survives a new draft', async () => {
  const [first, second] = await Promise.all([draft(definition('x')), draft(definition('x'))]);
  const [pcn] = first.claim.identifier;
  assert.is(pcn?.system, PCN);
  assert.match(String(pcn?.value), /^PCN-[0-9a-f]{8}$/);
  assert.equal(second.claim.identifier, first.claim.identifier);
  const identifier = [
    { system: 'urn:mine', value: '1' },
    { system: PCN, value: 'PCN-0000beef' },
  ];
  const claims = [{ ...first.claim, identifier }];
  const again = await draft(definition('x'), { context: { ...context, claims } });
  assert.equal([again.claim.id, again.claim.identifier], [first.claim.id, identifier]);
});

test('a claim that left the draft is not drafted over, and the next one has its own number', async () => {
  const { claim } = await draft(definition('x'));
  const next = await draft(definition('x'), { context: { ...context, claims: [{ ...claim, status: 'active' }] } });
  assert.is.not(next.claim.id, claim.id);
  assert.is.not(next.claim.identifier[0]?.value, claim.identifier[0]?.value);
  assert.equal(
    next.context.claims.map((one) => one.id),
    [claim.id, next.claim.id],
  );
});

test("replacement and void name the claim they are for, in RCMbox's codes", async () => {
  const replaced = { claim: { reference: 'Claim/old' }, type: { code: 'prior' } };
  const replacement = await draft(definition('x'), { submissionType: 'replacement', replacesClaimId: 'old' });
  assert.equal([replacement.claim.use, replacement.claim.related], ['preauthorization', [replaced]]);
  const voided = await draft(definition('x'), { submissionType: 'void', replacesClaimId: 'old' });
  assert.equal(voided.claim.related, [{ ...replaced, relationship: { code: 'deceased' } }]);
  const input = { context, coverage, chargeItems: [], chargeItemDefinitions: [], submissionType: 'void' };
  const outcome = await stage.run(TENANT, DRAFT, input);
  assert.ok(!outcome.ok && outcome.message.includes('replacesClaimId: found none'));
});

test.run();
