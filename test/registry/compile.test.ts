/** Compiling workflows into plans: bundles, children, rules, memory of builds. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  type Build,
  type Compiled,
  compileScript,
  compileWorkflow,
  digestOf,
  formatProblem,
  listWorkflows,
  openProject,
  type Project,
  planBody,
  planFromBody,
} from '../../registry/index.ts';
import { createSandbox, DEFAULT_LIMITS } from '../../sandbox/index.ts';
import { BUILT_INS, type Files, Folders, SCRIPT, write } from './folder.ts';

const test = suite('compiling a workflow');
const folders = new Folders();
const sandbox = createSandbox({});
let builds: string[] = [];
const build: Build = (input) => {
  builds.push(input.entry);
  return sandbox.build(input);
};
test.before.each(() => {
  builds = [];
});
test.after(async () => {
  folders.remove();
  await sandbox.close();
});

function open(dir: string): Promise<Project> {
  return openProject({ dir, mode: 'working-tree', builtIns: BUILT_INS, build });
}

function workflow(activities: string, more = ''): string {
  return `id: w\nname: W\nrootChildren: [a]\n${more}activities:\n${activities}`;
}

async function compile(files: Files): Promise<Compiled> {
  return compileWorkflow(await open(folders.make(files)), 'w');
}

/** Runs the script of an activity in a cell; what `main` returned. */
async function run(compiled: Compiled, id: string): Promise<unknown> {
  const digest = compiled.plan?.activities.find((activity) => activity.id === id)?.bundle;
  const bundle = compiled.bundles.get(digest ?? '');
  assert.ok(bundle, compiled.problems.map(formatProblem).join('\n'));
  const outcome = await sandbox.run({
    cell: 'test',
    bundle,
    entry: 'main',
    params: '{}',
    run: {
      id: 'r',
      workflow: 'w',
      activity: id,
      attempt: 1,
      startedAt: '2026-01-01T00:00:00.000Z',
      deterministic: false,
    },
    env: {},
    limits: DEFAULT_LIMITS,
    signal: new AbortController().signal,
    call: () => Promise.reject(new Error('no capability here')),
    log: () => undefined,
  });
  return outcome.ok ? JSON.parse(outcome.output) : outcome.error;
}

test('a plan holds the walk, timing, limits and bundles of its activities', async () => {
  const compiled = await compile({
    'workflows/w.yaml': workflow(
      `  - { id: c, name: Third, script: ./activities/a.ts, decoupled: true, backoff: { initial: 2s, coefficient: 3, max: 1m }, retries: 3, timeout: 2m }
  - { id: b, script: ./activities/a.ts, applicability: [true, $activities.a.output.ok], limits: { cpuMs: 5 }, deterministic: false }
  - { id: a, script: ./activities/a.ts, children: [b, c] }
`,
      'execution: parallel\nlimits: { cpuMs: 10, calls: 7 }\ndeterministic: true\n',
    ),
    'cloister.yaml': 'capabilities: [log, http, fhir]\nlimits: { calls: 9, heapMb: 64 }\n',
    'activities/a.ts': SCRIPT,
  });
  const { plan } = compiled;
  assert.ok(plan);
  assert.equal(
    plan.activities.map(({ id }) => id),
    ['a', 'b', 'c'],
  );
  assert.equal([plan.execution, plan.rootChildren, plan.interpreter], ['parallel', ['a'], 1]);
  assert.equal(plan.declaration.capabilities, ['fhir', 'http', 'log']);
  const [a, b, c] = plan.activities;
  assert.equal([a?.maximumAttempts, a?.timeoutMs, a?.backoff, a?.name, a?.decoupled], [1, null, null, 'a', false]);
  assert.equal([c?.maximumAttempts, c?.timeoutMs, c?.name, c?.decoupled], [4, 120_000, 'Third', true]);
  assert.equal(c?.backoff, { initialMs: 2_000, coefficient: 3, maxMs: 60_000 });
  assert.equal(a?.limits, { calls: 7, heapMb: 64, cpuMs: 10 });
  assert.equal(b?.limits, { calls: 7, heapMb: 64, cpuMs: 5 });
  assert.equal([a?.deterministic, b?.deterministic], [true, false]);
  assert.equal(b?.applicability[0], { kind: 'literal', value: true });
  assert.is(compiled.bundles.size, 1);
  assert.equal(builds, ['activities/a.ts']);
});

test('the stored text of a plan has its digest and gives the plan back under another origin', async () => {
  const { plan } = await compile({
    'workflows/w.yaml': workflow('  - { id: a, script: ./activities/a.ts }\n'),
    'activities/a.ts': SCRIPT,
  });
  assert.ok(plan);
  const body = planBody(plan);
  assert.is(digestOf('plan', body), plan.digest);
  const { branch, commit, dirty } = plan;
  assert.equal(planFromBody(body, plan.digest, { branch, commit, dirty }), plan);
  assert.is(planFromBody(body, plan.digest, { branch: 'x', commit: 'c', dirty: true }).commit, 'c');
  assert.not.match(body, 'dirty');
});

test('CP-2, CP-13 an error in the workflow file leaves no plan and builds nothing', async () => {
  const { plan, bundles, problems } = await compile({
    'workflows/w.yaml': workflow('  - { id: a, script: ./activities/a.ts, retries: -1 }\n').replace('id: w', 'id: v'),
    'activities/a.ts': SCRIPT,
  });
  assert.equal([plan, bundles.size, builds], [null, 0, []]);
  assert.equal(
    problems.map(({ code }) => code),
    ['ID_MISMATCH', 'RETRIES_VALUE'],
  );
});

test('an error in cloister.yaml leaves no plan: what a project may do must not be guessed', async () => {
  const { plan, problems } = await compile({
    'workflows/w.yaml': workflow('  - { id: a, script: ./activities/a.ts }\n'),
    'activities/a.ts': SCRIPT,
    'cloister.yaml': 'capabilities: all\n',
  });
  assert.is(plan, null);
  assert.equal(
    problems.map(({ file, code }) => [file, code]),
    [['cloister.yaml', 'FIELD_TYPE']],
  );
});

test('CP-47 unknown fields are warnings and stop nothing', async () => {
  const { plan, problems } = await compile({
    'workflows/w.yaml': workflow('  - { id: a, script: ./activities/a.ts, retires: 3 }\n', 'owner: me\n'),
    'activities/a.ts': SCRIPT,
  });
  assert.ok(plan);
  assert.equal(
    problems.map(({ code, severity }) => [code, severity]),
    [
      ['FIELD_UNKNOWN', 'warning'],
      ['FIELD_UNKNOWN', 'warning'],
    ],
  );
});

test('CP-27 a script that cannot run fails only its activity, and a missing description stops nothing', async () => {
  const { plan, problems } = await compile({
    'workflows/w.yaml': workflow(
      `  - { id: a, script: ./activities/a.ts, children: [b, c, d] }
  - { id: b, script: ./activities/b.ts }
  - { id: c, script: ./activities/c.ts }
  - { id: d, script: ./activities/d.ts }
`,
    ),
    'activities/a.ts': 'export async function main() { return 1; }\n',
    'activities/b.ts': "export const description = '';\n",
    'activities/c.ts': 'export const main = ;\n',
    'activities/d.ts': "import 'node:fs';\nexport const description = '';\nexport async function main() {}\n",
  });
  assert.equal(
    plan?.activities.map(({ id, bundle, problem }) => [id, bundle !== null, problem?.code ?? null]),
    [
      ['a', true, null],
      ['b', false, 'MAIN_MISSING'],
      ['c', false, 'BUILD_FAILED'],
      ['d', false, 'BUILD_FAILED'],
    ],
  );
  assert.match(plan?.activities[3]?.problem?.message ?? '', /^activities\/d\.ts:1:8 error IMPORT_UNKNOWN .*node:fs/);
  assert.equal(
    problems.map(({ code }) => code),
    ['DESCRIPTION_MISSING', 'MAIN_MISSING', 'BUILD_FAILED', 'IMPORT_UNKNOWN'],
  );
});

test('CP-28, CP-29 helpers without main, built-ins and packages can be imported', async () => {
  const compiled = await compile({
    'workflows/w.yaml': workflow('  - { id: a, script: ./activities/w/a.ts }\n'),
    'activities/w/a.ts': `import type { Bundle } from '@aidbox-billing/built-in-activities/fhir/_types';
import { main as search } from '@aidbox-billing/built-in-activities/fhir/search';
import { triple } from 'triple';
import { double } from '../shared/double';
export const description = '';
export async function main() {
  const bundle: Bundle = await search({ n: triple(double(7)) });
  return bundle;
}
`,
    'activities/shared/double.ts': 'export const double = (n: number): number => n * 2;\n',
    'package.json': '{ "dependencies": { "triple": "1.0.0" } }',
    'node_modules/triple/package.json': '{ "name": "triple", "version": "1.0.0", "main": "index.js" }',
    'node_modules/triple/index.js': "exports.triple = (n) => n * require('three');\n",
    'node_modules/triple/node_modules/three/package.json': '{ "name": "three", "main": "three.js" }',
    'node_modules/triple/node_modules/three/three.js': 'module.exports = 3;\n',
    'node_modules/three/package.json': '{ "name": "three", "main": "three.js" }',
    'node_modules/three/three.js': 'module.exports = 4;\n',
  });
  assert.equal(await run(compiled, 'a'), { n: 42 });
});

test('child workflows are compiled from the same snapshot and change the parent when they change', async () => {
  const child = 'id: child\nname: C\nrootChildren: [x]\nactivities: [{ id: x, script: ./activities/x.ts }]\n';
  const dir = folders.make({
    'workflows/w.yaml': workflow(
      '  - { id: a, childWorkflow: child, timeout: 10m, children: [b] }\n  - { id: b, childWorkflow: child }\n',
    ),
    'workflows/child.yaml': child,
    'activities/x.ts': SCRIPT,
  });
  const first = await compileWorkflow(await open(dir), 'w');
  const [a] = first.plan?.activities ?? [];
  assert.is(first.childPlans.size, 1);
  const plan = first.childPlans.get(a?.childWorkflow?.plan ?? '');
  assert.equal([plan?.workflow, a?.script, a?.bundle, a?.timeoutMs], ['child', null, null, 600_000]);
  assert.ok(first.bundles.has(plan?.activities[0]?.bundle ?? ''));
  write(dir, { 'activities/x.ts': `${SCRIPT}export const more = 1;\n` });
  const second = await compileWorkflow(await open(dir), 'w');
  assert.is.not(second.plan?.digest, first.plan?.digest);
  write(dir, { 'workflows/child.yaml': child.replace('[x]', '[y]') });
  const broken = await compileWorkflow(await open(dir), 'w');
  assert.equal([broken.plan, broken.problems[0]?.file], [null, 'workflows/child.yaml']);
});

test('a workflow that reaches itself has no plan, nor has one that starts it', async () => {
  const files: Files = {
    'workflows/w.yaml': workflow('  - { id: a, childWorkflow: p }\n'),
    'workflows/p.yaml': 'id: p\nname: P\nrootChildren: [a]\nactivities: [{ id: a, childWorkflow: q }]\n',
    'workflows/q.yaml': 'id: q\nname: Q\nrootChildren: [a]\nactivities: [{ id: a, childWorkflow: p }]\n',
  };
  const { plan, problems } = await compile(files);
  assert.is(plan, null);
  assert.equal(
    problems.map(({ file, found }) => [file, found]),
    [
      ['workflows/p.yaml', 'p → q → p'],
      ['workflows/q.yaml', 'q → p → q'],
    ],
  );
});

const RULES: Files = {
  'validation-rules/manifest.yaml': `rules:
  - { id: r1, name: One, category: pre-bill, level: claim, severity: error, message: m, script: ./one.ts }
  - { id: r2, name: Two, category: pre-bill, level: patient, severity: warning, message: m, script: ./sub/two.ts, worklist: Coding }
`,
  'validation-rules/one.ts': SCRIPT,
  'validation-rules/sub/two.ts': SCRIPT,
};
const RULES_SCRIPT = '"@aidbox-billing/billing-case/evaluate-validation-rules"';

test('D4 the rules of a manifest come with the activity that names it', async () => {
  const compiled = await compile({
    'workflows/w.yaml': workflow(
      `  - { id: a, script: ${RULES_SCRIPT}, params: { manifestPath: validation-rules/manifest.yaml }, children: [b, c, d] }
  - { id: b, script: ${RULES_SCRIPT}, params: { manifestPath: $input.path } }
  - { id: c, script: ${RULES_SCRIPT} }
  - { id: d, script: ./activities/own.ts }
`,
    ),
    'activities/own.ts': `import { main as evaluate } from '@aidbox-billing/built-in-activities/billing-case/evaluate-validation-rules';
export const description = '';
export const main = () => evaluate();
`,
    ...RULES,
  });
  const all = { manifestPath: 'validation-rules/manifest.yaml', rules: ['r1', 'r2'] };
  assert.equal(await run(compiled, 'a'), all);
  assert.equal(await run(compiled, 'b'), all, 'a path known only at run time gets the normal manifest');
  assert.equal(await run(compiled, 'c'), { manifestPath: null, rules: [] });
  assert.equal(
    await run(compiled, 'd'),
    all,
    'a script of the project that calls the built-in itself gets the normal manifest',
  );
});

test('a manifest that is missing or outside the project is an error of the workflow file', async () => {
  for (const path of [
    'validation-rules/other.yaml',
    '../other/manifest.yaml',
    '/etc/passwd',
    'activities/../../x.yaml',
  ]) {
    const { plan, problems } = await compile({
      'workflows/w.yaml': workflow(`  - { id: a, script: ${RULES_SCRIPT}, params: { manifestPath: ${path} } }\n`),
      ...RULES,
    });
    assert.is(plan, null);
    assert.equal(
      problems.map(({ code, found }) => [code, found]),
      [['RULE_FIELD', `no file ${path}`]],
    );
  }
});

test('a broken manifest fails the activity that evaluates it and is never taken for one without rules', async () => {
  const compiled = await compile({
    'workflows/w.yaml': workflow(
      `  - { id: a, script: ${RULES_SCRIPT}, params: { manifestPath: validation-rules/manifest.yaml }, children: [b] }
  - { id: b, script: ./activities/own.ts }
`,
    ),
    'activities/own.ts':
      "export { description, main } from '@aidbox-billing/billing-case/evaluate-validation-rules';\n",
    ...RULES,
    'validation-rules/manifest.yaml': `${RULES['validation-rules/manifest.yaml']}  - { id: r3 }\n`,
  });
  const [a] = compiled.plan?.activities ?? [];
  assert.is(a?.problem?.code, 'BUILD_FAILED');
  assert.match(a?.problem?.message ?? '', /RULE_FIELD rule "r3"/);
  assert.match(JSON.stringify(await run(compiled, 'b')), /RULE_FIELD rule \\"r3\\"/);
});

test('what did not change is not built again, in check and compile, in one snapshot and the next', async () => {
  const dir = folders.make({
    'workflows/w.yaml': workflow(
      '  - { id: a, script: ./activities/a.ts, children: [b] }\n  - { id: b, script: ./activities/b.ts }\n',
    ),
    'activities/a.ts': `import { n } from './helper.ts';\nimport p from 'p';\n${SCRIPT}export const all = [n, p];\n`,
    'activities/b.ts': SCRIPT,
    'activities/helper.ts': 'export const n = 1;\n',
    'package.json': '{ "dependencies": { "p": "1" } }',
    'node_modules/p/package.json': '{ "name": "p", "main": "p.js" }',
    'node_modules/p/p.js': 'module.exports = 1;\n',
  });
  const again = async (): Promise<string[]> => {
    builds = [];
    const { plan } = await compileWorkflow(await open(dir), 'w');
    assert.ok(plan?.activities.every(({ bundle }) => bundle !== null));
    return builds.toSorted();
  };
  const [a, b] = ['activities/a.ts', 'activities/b.ts'];
  assert.equal(await again(), [a, b]);
  assert.equal(await again(), []);
  write(dir, {
    'workflows/w.yaml': workflow(
      '  - { id: a, script: ./activities/a.ts, children: [c] }\n  - { id: c, script: ./activities/b.ts }\n',
    ),
  });
  assert.equal(await again(), [], 'YAML is no input of a script');
  write(dir, { 'activities/helper.ts': 'export const n = 2;\n' });
  assert.equal(await again(), [a], 'a helper is an input of those that import it');
  write(dir, { 'node_modules/p/p.js': 'module.exports = 22;\n' });
  assert.equal(await again(), [a], 'so is a package');
  write(dir, { 'activities/new.ts': SCRIPT });
  assert.equal(await again(), [a, b], 'a new file may come first in the resolution of an import');
});

test('a build that hides what it read deceives no other project', async () => {
  const files: Files = { 'workflows/w.yaml': workflow('  - { id: a, script: ./activities/a.ts }\n') };
  const lying: Build = async (input) => {
    const made = await sandbox.build(input);
    return made.ok ? { ...made, inputs: [] } : made;
  };
  const codes = [];
  for (const text of [SCRIPT, SCRIPT.replace('nothing', 'something')]) {
    const dir = folders.make({ ...files, 'activities/a.ts': text });
    const project = await openProject({ dir, mode: 'working-tree', builtIns: BUILT_INS, build: lying });
    codes.push([...(await compileWorkflow(project, 'w')).bundles.values()][0]?.code);
  }
  assert.match(codes[1] ?? '', 'Does something');
});

test('a builder that fails is asked again, and its failure is no problem of the project', async () => {
  const dir = folders.make({
    'workflows/w.yaml': workflow('  - { id: a, script: ./activities/a.ts }\n'),
    'activities/a.ts': SCRIPT,
  });
  let failing = true;
  const flaky: Build = (input) => (failing ? Promise.reject(new Error('no process')) : sandbox.build(input));
  const project = await openProject({ dir, mode: 'working-tree', builtIns: BUILT_INS, build: flaky });
  const failure = await compileWorkflow(project, 'w').then(
    () => '',
    (error: Error) => error.message,
  );
  assert.is(failure, 'no process');
  failing = false;
  assert.ok((await compileWorkflow(project, 'w')).plan);
});

test('a single script can be compiled by path or built-in name', async () => {
  const project = await open(
    folders.make({
      'workflows/w.yaml': workflow('  - { id: a, script: ./activities/a.ts }\n'),
      'activities/a.ts': SCRIPT,
      ...RULES,
    }),
  );
  for (const name of [
    './activities/a.ts',
    'activities/a.ts',
    'validation-rules/one.ts',
    '@aidbox-billing/fhir/search',
  ]) {
    assert.ok((await compileScript(project, name)).ok, name);
  }
  for (const name of ['activities/b.ts', '../a.ts', '/etc/passwd', '@aidbox-billing/fhir/nope', 'workflows/w.yaml']) {
    assert.is(
      await compileScript(project, name).then(
        () => '',
        ({ code }) => code,
      ),
      'SCRIPT_NOT_FOUND',
      name,
    );
  }
});

test('a list shows every workflow, broken ones with their problems', async () => {
  const project = await open(
    folders.make({
      'workflows/w.yaml': workflow(
        '  - { id: a, script: ./activities/a.ts }\n',
        'description: What it does.\ninput: { x: string }\n',
      ),
      'workflows/broken.yaml': 'id: broken\nname: [\n',
      'activities/a.ts': SCRIPT,
    }),
  );
  const [broken, good] = listWorkflows(project);
  assert.equal(
    [broken?.id, broken?.valid, broken?.problems[0]?.code, broken?.activityCount],
    ['broken', false, 'YAML_SYNTAX', 0],
  );
  const { problems, ...rest } = good ?? { problems: null };
  assert.equal(
    [problems, rest],
    [
      [],
      {
        id: 'w',
        name: 'W',
        description: 'What it does.',
        input: { x: 'string' },
        execution: 'sequential',
        file: 'workflows/w.yaml',
        activityCount: 1,
        valid: true,
      },
    ],
  );
});

test('YML-07 a workflow of too many activities is refused with the limit, a long one compiles', async () => {
  const chain = (count: number): string =>
    Array.from(
      { length: count },
      (_, n) => `  - { id: a${n || ''}, script: ./activities/a.ts${n + 1 < count ? `, children: [a${n + 1}]` : ''} }\n`,
    ).join('');
  const long = await compile({ 'workflows/w.yaml': workflow(chain(1_000)), 'activities/a.ts': SCRIPT });
  assert.is(long.plan?.activities.length, 1_000);
  const { plan, problems } = await compile({ 'workflows/w.yaml': workflow(`  [${'{},'.repeat(2_001)}]\n`) });
  assert.is(plan, null);
  assert.match(problems.map(formatProblem).join('\n'), 'found a list of 2001, expected at most 2000 activities');
});

test('the line of a problem holds no half character: it may become the message of a failed run', () => {
  const at = { file: 'a', line: 1, column: 1, severity: 'error', code: 'C', where: 'w', expected: 'e' } as const;
  assert.ok(formatProblem({ ...at, found: 'a\ud800b' }).isWellFormed());
});

test.run();
