import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { openStage, SAINT_ANNES, type Stage } from './stage.ts';

const EVALUATE = '@aidbox-billing/billing-case/evaluate-validation-rules';
const MANIFEST = 'validation-rules/manifest.yaml';

const rule = (id: string, level: string, severity: string, more = '') =>
  `- { id: ${id}, name: ${id}, level: ${level}, severity: ${severity}, message: m-${id}, script: ./${id}.ts, category: ${more || 'one'}, dashboard: D-${id}, worklist: W-${id} }`;

const script = (body: string) => `export const description = 'x';\nexport async function main(input: any) { ${body} }`;

const FILES = {
  [MANIFEST]: [
    'rules:',
    rule('each', 'procedure', 'warning'),
    rule('late', 'patient', 'information'),
    rule('bad', 'claim', 'error'),
    rule('worse', 'encounter', 'error'),
    rule('good', 'patient', 'error'),
    rule('throws', 'patient', 'error', 'thrower'),
    rule('odd', 'patient', 'error', 'odd'),
    rule('spoils', 'patient', 'error', 'spoil'),
    rule('after', 'patient', 'error', 'spoil'),
    rule('nothing', 'claim', 'warning', 'void'),
  ].join('\n'),
  'validation-rules/each.ts': script('return { passed: input.subject.id === "p2", message: input.subject.id }'),
  'validation-rules/late.ts': script('return { passed: false }'),
  'validation-rules/bad.ts': script(
    'return { passed: input.subject.id !== "c2", message: String(input.params.limit) }',
  ),
  'validation-rules/worse.ts': script('return { passed: false, message: "no" }'),
  'validation-rules/good.ts': script('return { passed: input.subject.resourceType === "Patient" }'),
  'validation-rules/throws.ts': script('throw new Error("boom")'),
  'validation-rules/odd.ts': script('return true'),
  'validation-rules/spoils.ts': script(
    'input.context.patient.id = "x"; input.subject.id = "y"; return { passed: true }',
  ),
  'validation-rules/after.ts': script(
    'return { passed: input.subject.id === "p" && input.context.patient.id === "p" }',
  ),
  'validation-rules/nothing.ts': script('return { passed: input.subject === undefined }'),
};

const context = {
  billingCase: { resourceType: 'BillingCase', id: 'bc-1' },
  patient: { resourceType: 'Patient', id: 'p' },
  encounter: { resourceType: 'Encounter', id: 'e' },
  procedures: ['p1', 'p2', 'p3'].map((id) => ({ resourceType: 'Procedure', id })),
  claims: ['c1', 'c2'].map((id) => ({ resourceType: 'Claim', id })),
};

interface Evaluated {
  taskBundle: { type: string; entry: { request: unknown; resource: Record<string, unknown> }[] };
  assignedDashboard?: string;
  assignedWorklist?: string;
  passed: boolean;
  summary: unknown;
}

const test = suite('plugins/rules');
let stage: Stage;

test.before(async () => {
  stage = await openStage(FILES);
});

test.after(async () => {
  await stage.close();
});

const params = (more: object) => ({ context, manifestPath: MANIFEST, ruleParams: { limit: 7 }, ...more });
const evaluate = (more: object) => stage.output<Evaluated>(SAINT_ANNES, EVALUATE, params(more));

test('a procedure rule runs once per procedure, and not at all without any, CP-32', async () => {
  const { taskBundle } = await evaluate({ category: 'one' });
  const each = taskBundle.entry.map((one) => one.resource).find((one) => one.code === 'each');
  assert.is(each?.description, 'm-each: p1; p3');
  const none = await evaluate({ category: 'one', context: { ...context, procedures: [] } });
  assert.not.ok(none.taskBundle.entry.some((one) => one.resource.code === 'each'));
});

test('every failed rule becomes a task of its own severity and routing, CP-33', async () => {
  const { taskBundle, summary } = await evaluate({ category: 'one' });
  assert.is(taskBundle.type, 'transaction');
  assert.equal(
    taskBundle.entry.map((one) => one.resource.severity),
    ['warning', 'information', 'error', 'error'],
  );
  assert.equal(taskBundle.entry[2], {
    request: { method: 'POST', url: 'BillingTask' },
    resource: {
      resourceType: 'BillingTask',
      status: 'pending',
      billingCase: { reference: 'BillingCase/bc-1' },
      category: 'one',
      severity: 'error',
      code: 'bad',
      description: 'm-bad: 7',
      dashboard: 'D-bad',
      worklist: 'W-bad',
    },
  });
  assert.equal(summary, { total: 5, passed: 1, failed: 2, warnings: 2 });
});

test('only failed error rules make passed false, CP-33; the worst and first one routes the case', async () => {
  const mixed = await evaluate({ category: 'one' });
  assert.is(mixed.passed, false);
  assert.equal([mixed.assignedDashboard, mixed.assignedWorklist], ['D-bad', 'W-bad']);
  const { passed, assignedWorklist } = await evaluate({ category: 'void' });
  assert.is(passed, true);
  assert.is(assignedWorklist, 'W-nothing');
});

test('category limits the rules that run, CP-34', async () => {
  assert.equal((await evaluate({ category: 'spoil' })).summary, { total: 2, passed: 2, failed: 0, warnings: 0 });
  assert.equal((await evaluate({ category: 'nobody' })).summary, { total: 0, passed: 0, failed: 0, warnings: 0 });
});

test('evaluating writes nothing, CP-34', async () => {
  stage.calls.length = 0;
  await evaluate({ category: 'one' });
  assert.equal(stage.calls, []);
});

test('a rule that edits what it is given changes nothing for the next one', async () => {
  assert.is((await evaluate({ category: 'spoil' })).passed, true);
});

test('a missing claim is one call with subject undefined', async () => {
  const without = await evaluate({ category: 'void', context: { ...context, claims: [] } });
  assert.equal(without.summary, { total: 1, passed: 1, failed: 0, warnings: 0 });
});

test('a rule that throws, or returns something else, fails the activity and is named', async () => {
  const thrown = await stage.run(SAINT_ANNES, EVALUATE, params({ category: 'thrower' }));
  assert.ok(!thrown.ok && thrown.message.includes('rule "throws": boom'));
  const odd = await stage.run(SAINT_ANNES, EVALUATE, params({ category: 'odd' }));
  assert.ok(!odd.ok && odd.message.includes('rule "odd": found true'));
});

test('a manifest other than the one built in is refused, a longer way to the same is not', async () => {
  const other = await stage.run(SAINT_ANNES, EVALUATE, params({ manifestPath: '../other/manifest.yaml' }));
  assert.ok(!other.ok && other.message.includes('expected "validation-rules/manifest.yaml"'));
  await evaluate({ manifestPath: './validation-rules/../validation-rules/manifest.yaml', category: 'void' });
});

test.run();
