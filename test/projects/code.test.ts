// timeout: 90
/** Code of projects: what is loaded, what is refused and in which words, what a run is pinned to. */
import { createHash } from 'node:crypto';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { packageReader } from '../../registry/index.ts';
import { definitionOf, openCode, planOf, refusalOf, told } from './code/rig.ts';

const rig = await openCode();
const test = suite('code of projects');

test.after(async () => {
  await rig[Symbol.asyncDispose]();
});

const RUN = 'export async function run() { return 1; }';
const SENDS = `import * as activities from './activities';
import { proxyActivities } from '@temporalio/workflow';
const { sendEmail } = proxyActivities<typeof activities>({ startToCloseTimeout: '1 minute' });
export async function emailProcessor(to: string) { return sendEmail({ to }); }`;

test('PW-3 only workflows that are active, compiled and not switched off are loaded', async () => {
  const project = await rig.project();
  const id = await rig.workflow(project, 'shown', RUN);
  const row = { projectId: project.id, compiledTypescript: JSON.stringify({ workflow_code: RUN }) };
  await rig.store.saveProjectWorkflow({ ...row, name: 'draft', status: 'draft' });
  await rig.store.saveProjectWorkflow({ ...row, name: 'archived', status: 'archived' });
  await rig.store.saveProjectWorkflow({ ...row, name: 'off', status: 'active', isActive: false });
  await rig.store.saveProjectWorkflow({ projectId: project.id, name: 'drawn', status: 'active' });
  const loaded = await rig.code().load(project);
  assert.equal(
    loaded.workflows.map((workflow) => [workflow.id, workflow.name, workflow.types]),
    [[id, 'shown', ['run']]],
  );
  assert.equal([told(loaded.errors), told(loaded.warnings)], [[], []]);
  assert.match(loaded.workflows[0]?.digest ?? '', /^sha256:[0-9a-f]{64}$/);
});

test('a project without active workflows loads with a warning', async () => {
  const project = await rig.project({ name: 'Empty' });
  const { workflows, warnings, errors } = await rig.code().load(project);
  assert.equal([workflows, errors], [[], []]);
  assert.equal(told(warnings), [
    `NO_COMPILED_WORKFLOWS project Empty (${project.id}): found no workflow, expected at least one that is active and compiled`,
  ]);
});

/** name, what is stored, the sentence. */
const BROKEN: readonly (readonly [string, string, string])[] = [
  [
    'not-json',
    'import { sleep } from "@temporalio/workflow"; export async function notJson() {}',
    'COMPILED_NOT_JSON workflows.compiled_typescript of not-json: found text starting "import {", expected JSON with workflow_code',
  ],
  [
    'a-list',
    '[1]',
    'COMPILED_SHAPE workflows.compiled_typescript of a-list: found an array, expected an object with workflow_code',
  ],
  [
    'a-number',
    '{"workflow_code":5}',
    'COMPILED_SHAPE workflows.compiled_typescript.workflow_code of a-number: found number, expected non-empty text',
  ],
  [
    'blank',
    '{"workflow_code":"  "}',
    'COMPILED_SHAPE workflows.compiled_typescript.workflow_code of blank: found blank text, expected non-empty text',
  ],
  [
    'missing',
    '{"worker_code":""}',
    'COMPILED_SHAPE workflows.compiled_typescript.workflow_code of missing: found nothing, expected non-empty text',
  ],
  [
    'typo',
    code('export async function typo(x: string) {\n  return awiat x;\n}'),
    'WORKFLOW_SYNTAX typo workflow_code 2:9: found "awiat x", expected valid TypeScript (Expected ";" but found "x")',
  ],
  [
    'cut-off',
    code('export async function cutOff() {'),
    'WORKFLOW_SYNTAX cut-off workflow_code 1:32: found the end of the text, expected valid TypeScript (Unexpected end of file)',
  ],
  [
    'top-level',
    code(`import { sleep } from '@temporalio/workflow';\nawait sleep(1);\nexport async function topLevel() {}`),
    'WORKFLOW_SYNTAX top-level workflow_code 2:0: found "await sleep(1);", expected valid TypeScript (Top-level await is not available in the configured target environment)',
  ],
  [
    'no-name',
    code(`import { nap } from '@temporalio/workflow';\nexport async function noName() { await nap(1); }`),
    'WORKFLOW_SYNTAX no-name workflow_code 1:9: found import of "nap", expected a name that @temporalio/workflow exports',
  ],
  [
    'node',
    code(`import { readFile } from 'node:fs';\nexport async function node() { return readFile('/etc/passwd'); }`),
    'IMPORT_FORBIDDEN node workflow_code 1:0: found import "node:fs", expected @temporalio/workflow or @temporalio/common',
  ],
  [
    'package',
    code(`export async function pack() { return all({}); }\n  import {\n    all,\n  } from 'left-pad';`),
    'IMPORT_FORBIDDEN package workflow_code 2:2: found import "left-pad", expected @temporalio/workflow or @temporalio/common',
  ],
  [
    'sibling',
    code(`import { x } from './activities';\nexport async function sibling() { return x; }`),
    'IMPORT_FORBIDDEN sibling workflow_code 1:0: found import "./activities", expected @temporalio/workflow or @temporalio/common',
  ],
  [
    'late',
    code(`export async function late() {\n  const fs = require('fs');\n  return fs;\n}`),
    'IMPORT_FORBIDDEN late workflow_code 2:13: found require "fs", expected @temporalio/workflow or @temporalio/common',
  ],
  [
    'cloister',
    code(`import { fhir } from 'cloister';\nexport async function cloister() { return fhir; }`),
    'IMPORT_FORBIDDEN cloister workflow_code 1:0: found import "cloister", expected @temporalio/workflow or @temporalio/common',
  ],
  [
    'report-generator',
    code('export const activities = { async send() {} };\nexport const limit = 5;'),
    'NO_WORKFLOW_EXPORT report-generator workflow_code: found no exported function, expected at least one',
  ],
  [
    'large',
    code(`// ${'x'.repeat(10_000_000)}`),
    'CODE_TOO_LARGE large compiled_typescript: found 10000023 bytes, expected at most 6291456',
  ],
  [
    'larger',
    code(`// ${'x'.repeat(1_500_000)}`),
    'CODE_TOO_LARGE larger workflow_code: found 1500003 bytes, expected at most 1048576',
  ],
  [
    'spaces',
    `export function ${' '.repeat(1_000_000)}+`,
    'COMPILED_NOT_JSON workflows.compiled_typescript of spaces: found text starting "export function", expected JSON with workflow_code',
  ],
  [
    'one-word',
    code(`${'a'.repeat(500_000)};${'b'.repeat(500_000)} c`),
    `WORKFLOW_SYNTAX one-word workflow_code 1:999922: found "${'b'.repeat(79)} c", expected valid TypeScript (Expected ";" but found "c")`,
  ],
];

function code(workflowCode: string): string {
  return JSON.stringify({ workflow_code: workflowCode });
}

test('PW-4 every broken workflow is named with its code, place and words, and its sibling runs', async () => {
  const project = await rig.project();
  await rig.workflow(project, 'sound', RUN);
  const ids = new Map<string, string>();
  for (const [name, compiledTypescript] of BROKEN) {
    const row = { projectId: project.id, name, status: 'active', compiledTypescript } as const;
    ids.set(name, (await rig.store.saveProjectWorkflow(row)).id);
  }
  const built = rig.built.length;
  const projectCode = rig.code();
  const { workflows, errors } = await projectCode.load(project);
  assert.equal(
    workflows.map(({ name }) => name),
    ['sound'],
  );
  assert.equal(told(errors).sort(), BROKEN.map(([, , sentence]) => sentence).sort());
  for (const problem of errors) assert.ok([...ids.values()].includes(problem.workflowId ?? ''), problem.code);
  assert.ok(!rig.built.slice(built).some(({ files }) => [...files.values()].some((text) => text.length > 1_048_576)));
  assert.is((await planOf(projectCode, project, 'run')).workflow.name, 'sound');
  // A run of a broken one is told what is wrong with it, by its name or by the type that its text promises.
  for (const type of ['typo', 'cutOff', 'notJson', 'report-generator']) {
    const name = type.replace(/[A-Z]/, (letter) => `-${letter.toLowerCase()}`);
    assert.is(await refusalOf(projectCode, project, type), BROKEN.find(([each]) => each === name)?.[2]);
  }
});

test('workflow code may import the packages that the operator lists, and no others', async () => {
  const project = await rig.project();
  const text = `import { Mutex } from 'async-mutex';\nexport async function run() { return new Mutex().runExclusive(async () => 1); }`;
  await rig.workflow(project, 'locks', text);
  const read = packageReader(path.join(import.meta.dirname, '../..'), new Map());
  const listed = rig.code({ packages: { names: new Set(['async-mutex']), read } });
  const plan = await planOf(listed, project, 'run');
  assert.match(plan.code, /\bMutex = class\b/);
  assert.not.match(plan.code, /\basync \(|\basync function|\bawait /);
  await rig.workflow(project, 'other', `${text.replace('async-mutex', 'semver')}`.replace('run()', 'other()'));
  const sentence = 'expected @temporalio/workflow, @temporalio/common or async-mutex';
  assert.equal(told((await listed.load(project)).errors), [
    `IMPORT_FORBIDDEN other workflow_code 1:0: found import "semver", ${sentence}`,
  ]);
  // Listed or not is part of what was compiled.
  assert.match(await refusalOf(rig.code(), project, 'run'), /^IMPORT_FORBIDDEN locks /);
});

test('types: every exported function, and the names of a workflow that exports one alone', async () => {
  const project = await rig.project();
  const { id: projectId } = project;
  const save = (name: string, kebabName: string, workflowCode: string) =>
    rig.store.saveProjectWorkflow({
      projectId,
      name,
      kebabName,
      status: 'active',
      compiledTypescript: code(workflowCode),
    });
  await save('Email Processor', 'email-processor', SENDS);
  await save(
    'Many',
    'many',
    `import { defineSignal } from '@temporalio/workflow';
export const stop = defineSignal('stop');
export enum Step { One, Two }
export class Thing {}
export const arrow = async (
  { a, b }: { a: string; b: string },
  last = (1),
) => [a, b, last];
const hidden = function () {};
export { hidden as shown };
export function plain() { return Step.One; }`,
  );
  const projectCode = rig.code();
  const { workflows } = await projectCode.load(project);
  assert.equal(
    new Map(workflows.map(({ name, types }) => [name, types])),
    new Map([
      ['Email Processor', ['emailProcessor']],
      ['Many', ['arrow', 'plain', 'shown']],
    ]),
  );
  for (const type of ['emailProcessor', 'email-processor', 'Email Processor']) {
    assert.is((await planOf(projectCode, project, type)).entry, 'emailProcessor');
  }
  const expected = 'expected one of arrow, emailProcessor, plain, shown';
  for (const type of ['emial', 'many', 'stop', 'Step', 'Thing', 'activities']) {
    const found = `queue ${project.taskQueueName}: found workflow type "${type}"`;
    assert.is(await refusalOf(projectCode, project, type), `WORKFLOW_TYPE_UNKNOWN ${found}, ${expected}`);
  }
});

test('two workflows of one name are no problem until a run is asked for by it', async () => {
  const project = await rig.project();
  await rig.workflow(project, 'Untitled', 'export async function one() {}');
  await rig.workflow(project, 'Untitled', 'export async function two() {}');
  const projectCode = rig.code();
  assert.equal(told((await projectCode.load(project)).errors), []);
  assert.is((await planOf(projectCode, project, 'two')).entry, 'two');
  assert.match(await refusalOf(projectCode, project, 'Untitled'), /^DUPLICATE_WORKFLOW_TYPE project /);
});

test('reserved types never reach code, whoever exports them', async () => {
  const project = await rig.project();
  await rig.workflow(
    project,
    'own',
    `${RUN}\nexport function constructor() {}\nexport default async function billingWorkflow() {}`,
  );
  const projectCode = rig.code();
  const { workflows, errors } = await projectCode.load(project);
  assert.equal(workflows[0]?.types, ['run']);
  assert.equal(told(errors).sort(), [
    'RESERVED_NAME own workflow_code: found exported function "constructor", expected a name that is not reserved',
  ]);
  for (const type of ['billingWorkflow', 'agentWorkflow', 'default', '__proto__', 'constructor', 'toString']) {
    const found = `queue ${project.taskQueueName}: found workflow type "${type}"`;
    const sentence = `RESERVED_NAME ${found}, expected a name that is not reserved`;
    assert.is(await refusalOf(projectCode, project, type), sentence);
  }
});

test('a type of two workflows is refused until one changes; their other types run', async () => {
  const project = await rig.project();
  await rig.workflow(project, 'email-processor', `${RUN}\nexport async function emails() {}`);
  const other = await rig.workflow(project, 'data-validator', RUN);
  const projectCode = rig.code();
  const { errors } = await projectCode.load(project);
  const names = errors[0]?.found.includes('by email')
    ? 'email-processor and data-validator'
    : 'data-validator and email-processor';
  const sentence = `DUPLICATE_WORKFLOW_TYPE project ${project.id}: found run exported by ${names}, expected one`;
  assert.equal(told(errors), [sentence]);
  assert.is(await refusalOf(projectCode, project, 'run'), sentence);
  assert.is((await planOf(projectCode, project, 'emails')).entry, 'emails');
  await rig.store.saveProjectWorkflow({
    id: other,
    projectId: project.id,
    name: 'data-validator',
    compiledTypescript: code(RUN.replace('run', 'validate')),
  });
  assert.is((await planOf(projectCode, project, 'run')).workflow.name, 'email-processor');
});

test('PW-9 a plan is the code of its moment: same rows, same bytes; an edit, another digest', async () => {
  const project = await rig.project();
  const id = await rig.workflow(project, 'mine', SENDS);
  const [one, two] = [
    await planOf(rig.code(), project, 'emailProcessor'),
    await planOf(rig.code(), project, 'emailProcessor'),
  ];
  assert.is(JSON.stringify(one), JSON.stringify(two));
  assert.equal([one.interpreter, one.limits], [2, { steps: 1_000, memoryMb: 32 }]);
  assert.equal(Object.keys(one.activities), Object.keys(one.activities).sort());
  assert.match(one.code, /^\(function \(\$temporal\) \{[\s\S]*return \$exports;\}\)$/);
  assert.not.match(one.code, /\basync function|\bawait /);
  assert.equal(JSON.parse(one.map).sources[0], 'workflow.ts');
  assert.is(JSON.parse(one.map).sourcesContent, undefined);
  const edit = SENDS.replace('{ to }', '{ to, subject: 1 }');
  await rig.store.saveProjectWorkflow({ id, projectId: project.id, name: 'mine', compiledTypescript: code(edit) });
  const three = await planOf(rig.code(), project, 'emailProcessor');
  assert.is.not(three.digest, one.digest);
  assert.is(three.digest, `sha256:${createHash('sha256').update(three.code).digest('hex')}`);
});

test('what was compiled once is compiled by no other host again, nor after a restart', async () => {
  const project = await rig.project();
  const component = await rig.component(project, 'mailer', 'export async function mail() { return 1; }');
  await rig.workflow(
    project,
    'once',
    { workflow_code: `${RUN} // once`, activities_code: 'export const own = () => 2;' },
    [component],
  );
  const first = rig.code();
  await Promise.all([first.load(project), first.plan(project, 'run'), first.plan(project, 'run')]);
  const built = rig.built.length;
  const second = rig.code();
  await second.load(project);
  const plan = await planOf(second, project, 'run');
  assert.is(rig.built.length, built);
  for (const { digest } of Object.values(plan.activities)) {
    const bundle = await second.bundle(String(digest));
    assert.ok(bundle?.code.startsWith('(function ($cloister) {'));
  }
  assert.is(await second.bundle('0'.repeat(64)), null);
});

test('many plans at once read the tables a few times, and none reads what was there before it asked', async () => {
  const project = await rig.project();
  const id = await rig.workflow(project, 'busy', RUN);
  let reads = 0;
  const store = {
    ...rig.store,
    listProjectWorkflows: (projectId: string) => {
      reads += 1;
      return rig.store.listProjectWorkflows(projectId);
    },
  };
  const projectCode = rig.code({ store });
  await projectCode.plan(project, 'run');
  reads = 0;
  await Promise.all(Array.from({ length: 50 }, () => projectCode.plan(project, 'run')));
  assert.ok(reads <= 2, `${reads}`);
  const early = projectCode.plan(project, 'run');
  await rig.store.saveProjectWorkflow({
    id,
    projectId: project.id,
    name: 'busy',
    compiledTypescript: code(`${RUN} export async function late() {}`),
  });
  const late = await projectCode.plan(project, 'late');
  assert.ok(late.ok);
  await early;
});

test('STALE_COMPILED_CODE and NOT_RECOMPILED say what differs', async () => {
  const project = await rig.project();
  const id = await rig.workflow(project, 'mine', RUN, []);
  const codes = { workflowCode: RUN, activitiesCode: '', workerCode: '' };
  await rig.store.recordCompilation(id, codes, '1');
  const projectCode = rig.code();
  assert.equal(told((await projectCode.load(project)).warnings), []);
  await rig.store.recordCompilation(id, { ...codes, workflowCode: `${RUN} ` }, '2');
  await new Promise((resolve) => setTimeout(resolve, 50));
  const changed = await rig.store.saveProjectWorkflow({
    id,
    projectId: project.id,
    name: 'mine',
    definition: definitionOf([]),
  });
  const { warnings, errors } = await projectCode.load(project);
  assert.equal(errors, []);
  assert.equal(told(warnings), [
    'STALE_COMPILED_CODE compiled_workflows of mine: found version 2 active, expected the code that runs, version 1',
    `NOT_RECOMPILED workflows.definition of mine: found a change at ${changed.updatedAt}, expected code compiled after it, not at ${changed.compiledAt}`,
  ]);
});

test('code that grows too large for a plan by being compiled is refused', async () => {
  const project = await rig.project();
  const rows = Array.from({ length: 70_000 }, (_, n) => `"${n}"`);
  await rig.workflow(project, 'grown', `${RUN}\nexport const table = [${rows.join(',\n')}];`);
  const [problem] = (await rig.code().load(project)).errors;
  assert.is(problem?.code, 'CODE_TOO_LARGE');
  assert.match(problem?.found ?? '', /^\d{7} bytes once it is compiled$/);
});

test.run();
