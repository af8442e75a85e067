/** CP-8..CP-15, the static parts: what each form of an expression compiles to. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { resolve } from '../../host/temporal/workflows/template.ts';
import { compileWorkflow, formatProblem, openProject, type Template } from '../../registry/index.ts';
import { createSandbox } from '../../sandbox/index.ts';
import { BUILT_INS, Folders, SCRIPT } from './folder.ts';

const test = suite('expressions');
const folders = new Folders();
const sandbox = createSandbox({});
const build = sandbox.build.bind(sandbox);
test.after(async () => {
  folders.remove();
  await sandbox.close();
});

/** Compiles params of `leaf`, a grandchild of `top`; the problems as text when there is no plan. */
async function compile(params: string): Promise<Readonly<Record<string, Template>>> {
  const dir = folders.make({
    'workflows/w.yaml': `id: w
name: W
rootChildren: [top]
activities:
  - { id: top, script: ./activities/a.ts, children: [mid, aside] }
  - { id: mid, script: ./activities/a.ts, children: [leaf] }
  - { id: aside, script: ./activities/a.ts }
  - id: leaf
    script: ./activities/a.ts
    params: ${params}
`,
    'activities/a.ts': SCRIPT,
  });
  const project = await openProject({ dir, mode: 'working-tree', builtIns: BUILT_INS, build });
  const { plan, problems } = await compileWorkflow(project, 'w');
  if (plan === null) throw new Error(problems.map(formatProblem).join('\n'));
  return Object.fromEntries(plan.activities.find(({ id }) => id === 'leaf')?.params.entries ?? []);
}

const SCOPE = {
  input: { encounterId: 'e1', address: { city: 'Rome' }, a: 1, p: 'p1' },
  outputs: new Map<string, unknown>([
    ['top', { patient: { id: 'p9' }, bundle: { entry: [{ resource: { id: 'r0' } }] } }],
    ['mid', [10, 20]],
  ]),
};

/** Rows of the table in section 4: YAML, template, value. */
const ROWS: readonly (readonly [yaml: string, template: Template | null, value: unknown])[] = [
  ['Patient', { kind: 'literal', value: 'Patient' }, 'Patient'],
  ['"active"', { kind: 'literal', value: 'active' }, 'active'],
  ['12', { kind: 'literal', value: 12 }, 12],
  ['true', { kind: 'literal', value: true }, true],
  ['null', { kind: 'literal', value: null }, null],
  ['no', { kind: 'literal', value: 'no' }, 'no'],
  ['$input.encounterId', { kind: 'input', path: ['encounterId'] }, 'e1'],
  ['$input.address.city', { kind: 'input', path: ['address', 'city'] }, 'Rome'],
  ['$input', { kind: 'input', path: [] }, SCOPE.input],
  ['$activities.mid.output', { kind: 'output', activity: 'mid', path: [] }, [10, 20]],
  ['$activities.top.output.patient.id', { kind: 'output', activity: 'top', path: ['patient', 'id'] }, 'p9'],
  [
    '$activities.top.output.bundle.entry.0.resource',
    { kind: 'output', activity: 'top', path: ['bundle', 'entry', '0', 'resource'] },
    { id: 'r0' },
  ],
  ['{ status: active, patient: $input.p }', null, { status: 'active', patient: 'p1' }],
  ['[$input.a, x, { deep: [$input.p] }]', null, [1, 'x', { deep: ['p1'] }]],
  ['Patient/$input.id', { kind: 'literal', value: 'Patient/$input.id' }, 'Patient/$input.id'],
  ['$$5.00', { kind: 'literal', value: '$5.00' }, '$5.00'],
  ['$$input.x', { kind: 'literal', value: '$input.x' }, '$input.x'],
  ['$$$x', { kind: 'literal', value: '$$x' }, '$$x'],
  ['$input.missing.deeper', { kind: 'input', path: ['missing', 'deeper'] }, undefined],
  ['$input.__proto__', { kind: 'input', path: ['__proto__'] }, undefined],
  ['$activities.top.output.constructor', { kind: 'output', activity: 'top', path: ['constructor'] }, undefined],
  ['$activities.mid.output.length', { kind: 'output', activity: 'mid', path: ['length'] }, undefined],
];

test('CP-8 to CP-11, CP-14, CP-15 every row of the table compiles to its template and resolves to its value', async () => {
  const params = await compile(`\n${ROWS.map(([yaml], n) => `      p${n}: ${yaml}`).join('\n')}`);
  for (const [n, [yaml, template, value]] of ROWS.entries()) {
    const found = params[`p${n}`];
    assert.ok(found, yaml);
    if (template !== null) assert.equal(found, template, yaml);
    assert.equal(resolve(found, SCOPE), value, yaml);
  }
});

test('a key is never an expression', async () => {
  const params = await compile('{ $input.a: 1, $price: 2 }');
  assert.equal(Object.keys(params), ['$input.a', '$price']);
});

for (const wrong of [
  '$price',
  '$env.HOME',
  '$activities.top.result',
  '$input..a',
  '$',
  '$input.',
  '$inputs',
  '$activities.top.output.',
  '$activities..output',
  '$INPUT.a',
]) {
  test(`CP-12 ${wrong} is a static error and there is no plan`, async () => {
    const failure = await compile(`{ total: "${wrong}" }`).then(
      () => 'a plan',
      (error: Error) => error.message,
    );
    assert.match(failure, /error EXPRESSION_SYNTAX activity "leaf" params\.total: found "\$/);
  });
}

for (const [id, relation] of [
  ['leaf', 'itself'],
  ['aside', '"aside" of another branch'],
]) {
  test(`CP-13 a reference to ${relation} is a static error and there is no plan`, async () => {
    const failure = await compile(`{ a: $activities.${id}.output }`).then(
      () => 'a plan',
      (error: Error) => error.message,
    );
    assert.ok(
      failure.includes(
        `error REFERENCE_NOT_ANCESTOR activity "leaf" params.a: found ${relation}, expected an ancestor of "leaf": mid, top`,
      ),
      failure,
    );
  });
}

test.run();
