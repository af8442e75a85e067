import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BAPTIST, type Json, openStage, SAINT_ANNES, type Stage } from './stage.ts';

const CASE = '@aidbox-billing/billing-case';
const STEPS = './activities/prebill';

const test = suite('plugins/prebill');
let stage: Stage;

test.before(async () => {
  stage = await openStage();
});

test.after(async () => {
  await stage.close();
});

interface Result {
  readonly leaf: 'save' | 'save-no-charges' | 'save-no-coverage';
  readonly output: Json;
  readonly blocked?: boolean;
  readonly claim?: Json & { item: Json[] };
}

/** The steps of the workflow, one after the other, each fed as its YAML says. */
async function prebill(tenant: string, input: { encounterId: string; coverageId?: string }): Promise<Result> {
  const step = <T = Json>(script: string, params: unknown) => stage.output<T>(tenant, script, params);
  const { billingCaseId } = await step(`${CASE}/snapshot-billing-case`, { encounterId: input.encounterId });
  const context = await step(`${CASE}/fetch-context`, { caseId: billingCaseId });
  const selected = await step(`${STEPS}/select-coverage.ts`, { context, coverageId: input.coverageId });
  if (!selected.hasCoverage) {
    return { leaf: 'save-no-coverage', output: await step(`${STEPS}/save-no-coverage.ts`, { context }) };
  }
  const { coverage } = selected;
  const procedureCodeSystem = 'http://snomed.info/sct';
  const planned = await step(`${STEPS}/resolve-charge-items.ts`, { context, coverage, procedureCodeSystem });
  const { chargeItems, chargeItemDefinitions, bundle } = planned;
  if (!planned.hasChargeItems) {
    return { leaf: 'save-no-charges', output: await step(`${STEPS}/save-no-charges.ts`, { context, bundle }) };
  }
  const draft = await step<{ context: Json; claim: Json & { item: Json[] }; bundle: Json }>(
    `${CASE}/build-draft-claim`,
    { context, coverage, chargeItems, chargeItemDefinitions },
  );
  const evaluated = await step(`${CASE}/evaluate-validation-rules`, {
    context: draft.context,
    manifestPath: 'validation-rules/manifest.yaml',
    category: 'pre-bill',
    ruleParams: { timelyFilingDays: 365 },
  });
  const { blocked } = await step<{ blocked: boolean }>(`${STEPS}/assert-no-errors.ts`, evaluated);
  const bundles = [bundle, draft.bundle, evaluated.taskBundle];
  const output = await step(`${STEPS}/save.ts`, { claim: draft.claim, bundles, blocked });
  return { leaf: 'save', output, blocked, claim: draft.claim };
}

/** Everything billing wrote for a tenant, without what differs in every write. */
async function written(tenant: string): Promise<Json[][]> {
  const types = ['BillingCase', 'ChargeItem', 'Claim', 'BillingTask'];
  const lists = await Promise.all(types.map((type) => stage.all(tenant, type)));
  return lists.map((list) =>
    list
      // The patient's own Claims came with the data.
      .filter((one) => one.resourceType !== 'Claim' || `${one.id}`.startsWith('bc-'))
      .map(({ meta: _meta, created: _created, ...one }) =>
        one.resourceType === 'BillingTask' ? { ...one, id: '' } : one,
      ),
  );
}

test('the emergency visit becomes a draft claim of three priced lines', async () => {
  const { encounterId } = await stage.load(SAINT_ANNES);
  const { leaf, output, blocked, claim } = await prebill(SAINT_ANNES, { encounterId });
  assert.is(leaf, 'save');
  assert.is(blocked, false);
  assert.equal(output, {
    billingCaseId: `bc-${encounterId}`,
    claimId: claim?.id,
    chargeItemsCount: 3,
    status: 'draft',
  });
  assert.equal(
    claim?.item.map((one) => (one.net as Json).value),
    [285, 312.5, 24.75],
  );
  assert.equal(claim?.total, { value: 622.25, currency: 'USD' });
  const { body } = await stage.http(SAINT_ANNES, 'GET', `BillingCase/bc-${encounterId}`);
  assert.equal(
    (body.claim as Json[]).map((one) => one.reference),
    [`Claim/${claim?.id}`],
  );
  assert.is((body.chargeItem as Json[]).length, 3);
  const tasks = await stage.all(SAINT_ANNES, 'BillingTask');
  assert.equal(tasks.map((one) => one.code).sort(), ['rendering-npi', 'subscriber-id', 'timely-filing']);
});

test('a check-up without diagnosis is drafted too, and blocked by an error that people see', async () => {
  const { encounterId } = await stage.load(BAPTIST);
  const { blocked, claim } = await prebill(BAPTIST, { encounterId });
  assert.is(blocked, true);
  assert.equal(claim?.total, { value: 38, currency: 'USD' });
  const errors = (await stage.all(BAPTIST, 'BillingTask')).filter((one) => one.severity === 'error');
  assert.equal(
    errors.map((one) => one.code),
    ['procedure-diagnosis'],
  );
  assert.ok(stage.lines.some((line) => line.level === 'warn' && line.message.includes('no diagnosis')));
});

test('a second run leaves exactly what the first one left', async () => {
  for (const tenant of [SAINT_ANNES, BAPTIST]) {
    const { encounterId } = await stage.load(tenant);
    await prebill(tenant, { encounterId });
    const before = await written(tenant);
    await prebill(tenant, { encounterId });
    assert.equal(await written(tenant), before);
  }
});

test('a run that finds no coverage says so and removes what an earlier one planned', async () => {
  const { encounterId } = await stage.load(SAINT_ANNES);
  await prebill(SAINT_ANNES, { encounterId });
  const { leaf, output } = await prebill(SAINT_ANNES, { encounterId, coverageId: 'unknown' });
  assert.equal([leaf, output.status], ['save-no-coverage', 'no-coverage']);
  const [[billingCase] = [], ...others] = await written(SAINT_ANNES);
  assert.equal(others, [[], [], []]);
  assert.equal(
    [billingCase?.status, billingCase?.chargeItem, billingCase?.claim],
    ['no-coverage', undefined, undefined],
  );
});

test('the coverage can be chosen by id, and a later run with coverage takes the case up again', async () => {
  const { encounterId } = await stage.load(SAINT_ANNES);
  await prebill(SAINT_ANNES, { encounterId, coverageId: 'unknown' });
  const [coverage] = await stage.all(SAINT_ANNES, 'Coverage');
  const { leaf, output } = await prebill(SAINT_ANNES, { encounterId, coverageId: `${coverage?.id}` });
  assert.equal([leaf, output.status], ['save', 'draft']);
});

test('an encounter whose procedures have no price ends as no-charges, also after a run that had some', async () => {
  const { encounterId } = await stage.load(BAPTIST);
  await prebill(BAPTIST, { encounterId });
  const definition = `ChargeItemDefinition/${BAPTIST}-medication-documentation`;
  const { body } = await stage.http(BAPTIST, 'GET', definition);
  await stage.http(BAPTIST, 'PUT', definition, { ...body, status: 'retired' });
  const { leaf, output } = await prebill(BAPTIST, { encounterId });
  await stage.http(BAPTIST, 'PUT', definition, body);
  assert.equal([leaf, output.status], ['save-no-charges', 'no-charges']);
  const [[billingCase] = [], ...others] = await written(BAPTIST);
  assert.equal(others, [[], [], []]);
  assert.is(billingCase?.status, 'no-charges');
});

test('a claim that was sent, and charges that were billed, are left as they are', async () => {
  const { encounterId } = await stage.load(SAINT_ANNES);
  const { claim } = await prebill(SAINT_ANNES, { encounterId });
  const { body } = await stage.http(SAINT_ANNES, 'GET', `Claim/${claim?.id}`);
  await stage.http(SAINT_ANNES, 'PUT', `Claim/${claim?.id}`, { ...body, status: 'active' });
  const again = await prebill(SAINT_ANNES, { encounterId });
  assert.is.not(again.claim?.id, claim?.id);
  assert.is((await stage.http(SAINT_ANNES, 'GET', `Claim/${claim?.id}`)).body.status, 'active');
  const billingCase = (await stage.http(SAINT_ANNES, 'GET', `BillingCase/bc-${encounterId}`)).body;
  assert.is((billingCase.claim as Json[]).length, 2);
});

test.run();
