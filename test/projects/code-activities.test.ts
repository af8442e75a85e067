// timeout: 90
/** Activities of projects: which components are found, which function answers a name, what is refused and in which words. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DEFAULT_LIMITS, type RunOutcome } from '../../sandbox/index.ts';
import { definitionOf, openCode, planOf, told } from './code/rig.ts';

const rig = await openCode();
const test = suite('activities of projects');

test.after(async () => {
  await rig[Symbol.asyncDispose]();
});

const RUN = 'export async function run() { return 1; }';
const SEND = 'export async function sendEmail() { return "component"; }';

test('PW-14 components are found through nodes of workflows: active, with code, of the project or the operator', async () => {
  const project = await rig.project();
  const other = await rig.project({ name: 'Other' });
  const own = await rig.component(project, 'own', 'export const own = () => 1;');
  const offered = await rig.component(null, 'offered', 'export const offered = () => 1;');
  const unused = await rig.component(project, 'unused', 'export const unused = () => 1;');
  const off = await rig.component(project, 'off', 'export const off = () => 1;', { isActive: false });
  const blank = await rig.component(project, 'blank', ' ');
  const foreign = await rig.component(other, 'foreign', 'export const foreign = () => 1;');
  const gone = '9c000000-0000-4000-8000-000000000000';
  await rig.workflow(project, 'x', RUN, [
    own,
    offered.toUpperCase(),
    own,
    '',
    null,
    off,
    blank,
    foreign,
    gone,
    17,
    'sendMail',
  ]);
  const code = rig.code();
  const { activities, warnings, errors } = await code.load(project);
  assert.equal(
    activities
      .filter(({ kind }) => kind === 'component')
      .map(({ name }) => name)
      .sort(),
    ['offered', 'own'],
  );
  const expected = 'expected an active one of this project';
  assert.equal(told(warnings), [
    'DEFINITION_SHAPE workflows.definition.nodes[9].data.componentId of x: found 17, expected a UUID or nothing',
    'DEFINITION_SHAPE workflows.definition.nodes[10].data.componentId of x: found "sendMail", expected a UUID or nothing',
    `COMPONENT_INACTIVE definition.nodes[5] of x: found component ${off} that is inactive, ${expected}`,
    `COMPONENT_MISSING definition.nodes[6] of x: found component ${blank} that has no code, ${expected}`,
    `COMPONENT_MISSING definition.nodes[8] of x: found component ${gone} that does not exist, ${expected}`,
  ]);
  assert.equal(told(errors), [
    `COMPONENT_FOREIGN definition.nodes[7] of x: found component ${foreign} that belongs to another project, ${expected}`,
  ]);
  const names = Object.keys((await planOf(code, project, 'run')).activities);
  assert.equal(names, ['offered', 'own', 'sampleActivity', 'sendEmail']);
  assert.not.ok(names.includes(unused));
});

test('a component of a draft is found too, and one of an active workflow goes before it', async () => {
  const project = await rig.project();
  const mine = await rig.component(project, 'mailer', 'export const mail = () => "active";');
  const drafts = await rig.component(
    project,
    'mailer',
    'export const mail = () => "draft";\nexport const post = () => 1;',
  );
  await rig.workflow(project, 'active', RUN, [mine]);
  await rig.store.saveProjectWorkflow({
    projectId: project.id,
    name: 'draft',
    definition: definitionOf([drafts, 'x']),
  });
  const code = rig.code();
  assert.equal(told((await code.load(project)).errors), []);
  const { activities } = await planOf(code, project, 'run');
  assert.equal([activities.mail?.component, activities.post?.component], [mine, drafts]);
});

test('PW-16 a component wins over the own code of the workflow, and that over a built-in', async () => {
  const project = await rig.project();
  const sends = await rig.component(project, 'sendEmail', SEND);
  const own = `export async function sendEmail() { return 'own'; }\nexport async function sampleActivity() { return 'own'; }`;
  await rig.workflow(project, 'with-own', { workflow_code: RUN, activities_code: own }, [sends]);
  await rig.workflow(project, 'without', 'export async function other() {}');
  const code = rig.code();
  const kinds = async (type: string) => {
    const { activities } = await planOf(code, project, type);
    return Object.entries(activities).map(([name, { kind, export: entry }]) => `${name} ${kind} ${entry}`);
  };
  assert.equal(await kinds('run'), ['sampleActivity own sampleActivity', 'sendEmail component sendEmail']);
  assert.equal(await kinds('other'), ['sampleActivity built-in main', 'sendEmail component sendEmail']);
});

test('PW-17 names and versions: plain is the highest that is active, name@version exactly that one', async () => {
  const project = await rig.project();
  const both = await rig.component(project, 'emails', `${SEND}\nexport async function sendEmailV2() { return 2; }`, {
    version: '1',
  });
  await rig.workflow(project, 'x', RUN, [both]);
  const code = rig.code();
  const pins = async () => {
    const { activities } = await planOf(code, project, 'run');
    return Object.entries(activities).flatMap(([name, { kind, version }]) =>
      kind === 'component' ? `${name}=${version}` : [],
    );
  };
  assert.equal(await pins(), ['sendEmail=1', 'sendEmail@1=1', 'sendEmailV2=1', 'sendEmailV2@1=1']);
  const old = (await planOf(code, project, 'run')).activities.sendEmail;
  for (const version of ['9', '10']) {
    await rig.component(project, 'emails', SEND.replace('component', version), { version });
  }
  await rig.component(project, 'emails', SEND.replace('component', 'off'), { version: '11', isActive: false });
  assert.equal(await pins(), [
    'sendEmail=10',
    'sendEmail@1=1',
    'sendEmail@10=10',
    'sendEmail@9=9',
    'sendEmailV2=1',
    'sendEmailV2@1=1',
  ]);
  assert.equal(told((await code.load(project)).errors), []);
  // Switched off, it is still there for whom it is pinned.
  const now = (await planOf(code, project, 'run')).activities;
  assert.is(now['sendEmail@1']?.digest, old?.digest);
  await rig.store.saveComponent({ id: both, projectId: project.id, name: 'emails', code: SEND, isActive: false });
  assert.ok((await code.bundle(String(old?.digest))) !== null);
});

test('two components that export one name lose it, also to built-ins; their others work', async () => {
  const project = await rig.project();
  const a = await rig.component(project, 'mailer', `${SEND}\nexport const mail = () => 1;`);
  const b = await rig.component(project, 'sender', `${SEND}\nexport const send = () => 1;`);
  await rig.workflow(project, 'x', RUN, [a, b]);
  const code = rig.code();
  const { errors } = await code.load(project);
  const order = a < b ? 'mailer and sender' : 'sender and mailer';
  assert.equal(told(errors), [
    `DUPLICATE_ACTIVITY project ${project.id}: found sendEmail exported by ${order}, expected one`,
  ]);
  const { activities, refused } = await planOf(code, project, 'run');
  assert.equal(Object.keys(activities), ['mail', 'sampleActivity', 'send']);
  assert.equal(refused, { sendEmail: { code: 'DUPLICATE_ACTIVITY', message: told(errors)[0]?.replace(/^\w+ /, '') } });
});

test('every broken component is named with its code, place and words, and the others work', async () => {
  const project = await rig.project();
  const broken: readonly (readonly [string, string, Record<string, unknown>, string])[] = [
    [
      'rubies',
      SEND,
      { language: 'ruby' },
      'LANGUAGE_UNKNOWN components.implementation_language of rubies: found "ruby", expected typescript or javascript',
    ],
    [
      'typo',
      'export async function a() {\n  retrun 1;\n}',
      {},
      'ACTIVITY_SYNTAX typo implementation_code 2:2: found "retrun 1", expected valid TypeScript (Expected ";" but found "1")',
    ],
    [
      'types',
      'export const a = (x: string) => x;',
      { language: 'javascript' },
      'ACTIVITY_SYNTAX types implementation_code 1:19: found ":", expected valid JavaScript (Expected ")" but found ":")',
    ],
    [
      'alone',
      'export default async function main() {}',
      {},
      'NO_NAMED_EXPORT alone implementation_code: found a default export alone, expected at least one function that is exported by name',
    ],
    [
      'nothing',
      'export const limit = 5;',
      {},
      'NO_NAMED_EXPORT nothing implementation_code: found no exported function, expected at least one function that is exported by name',
    ],
    [
      'node',
      `import fs from 'fs';\nexport const b = () => fs;`,
      {},
      'IMPORT_FORBIDDEN node implementation_code 1:0: found import "fs", expected cloister or @temporalio/activity',
    ],
    [
      'large',
      `export function b() {} // ${'x'.repeat(2_000_000)}`,
      {},
      'CODE_TOO_LARGE large implementation_code: found 2000026 bytes, expected at most 1048576',
    ],
  ];
  const ids = await Promise.all(broken.map(([name, text, over]) => rig.component(project, name, text, over)));
  const sound = await rig.component(project, 'sound', 'export const sound = (x) => x ?? 1;', {
    language: 'JavaScript',
  });
  const own = `import axios from 'axios';\nexport const fetchAll = () => axios;`;
  await rig.workflow(project, 'x', { workflow_code: RUN, activities_code: own }, [...ids, sound]);
  const code = rig.code();
  const { workflows, errors } = await code.load(project);
  assert.equal(
    told(errors).sort(),
    [
      ...broken.map(([, , , sentence]) => sentence),
      'IMPORT_FORBIDDEN x activities_code 1:0: found import "axios", expected cloister or @temporalio/activity',
    ].sort(),
  );
  assert.equal(errors.flatMap(({ componentId }) => componentId ?? []).sort(), [...ids].sort());
  assert.is(workflows.length, 1);
  const { activities, refused } = await planOf(code, project, 'run');
  assert.ok('sound' in activities);
  // What a call of a broken one is told, of several that promise the name the first by its own; nothing else answers in its place.
  const names = [refused.a?.message, refused.b?.message, refused.fetchAll?.message].map((text) => text?.split(' ')[0]);
  assert.equal([refused.a?.code, refused.b?.code], ['ACTIVITY_SYNTAX', 'CODE_TOO_LARGE']);
  assert.equal(names, ['types', 'large', 'x']);
});

test('activities: latest leaves the digest to each attempt', async () => {
  const project = await rig.project({ name: 'Latest', activities: 'latest' });
  const id = await rig.component(project, 'mailer', SEND);
  const workflow = await rig.workflow(
    project,
    'x',
    { workflow_code: RUN, activities_code: 'export const own = () => 1;' },
    [id],
  );
  const code = rig.code();
  const { activities } = await planOf(code, project, 'run');
  assert.equal([activities.sendEmail?.digest, activities.own?.digest], [null, null]);
  assert.ok(activities.sampleActivity?.digest);
  const one = await code.latest(project, 'sendEmail');
  await rig.store.saveComponent({
    id,
    projectId: project.id,
    name: 'mailer',
    code: SEND.replace('component', 'newer'),
  });
  const two = await code.latest(project, 'sendEmail');
  assert.ok(one?.digest && two?.digest && one.digest !== two.digest);
  assert.is(await code.latest(project, 'own'), null);
  assert.is((await code.latest(project, 'own', workflow))?.kind, 'own');
  assert.is(await code.latest(project, 'constructor', workflow), null);
});

test('a compiled activity runs in a cell', async () => {
  const project = await rig.project();
  const text = `import { log } from 'cloister';\nenum Step { One = 1 }\nexport async function add({ a, b }: { a: number; b: number }) { log.info('adds'); return { sum: a + b + Step.One }; }`;
  const id = await rig.component(project, 'adder', text);
  await rig.workflow(project, 'x', RUN, [id]);
  const code = rig.code();
  const pin = (await planOf(code, project, 'run')).activities.add;
  const bundle = await code.bundle(String(pin?.digest));
  assert.ok(pin && bundle);
  const outcome: RunOutcome = await rig.sandbox.run({
    cell: 'org-a',
    bundle,
    entry: pin.export,
    params: '{"a":1,"b":2}',
    run: {
      id: 'r',
      workflow: 'x',
      activity: 'add',
      attempt: 1,
      startedAt: '2026-01-01T00:00:00.000Z',
      deterministic: false,
    },
    env: {},
    limits: DEFAULT_LIMITS,
    signal: new AbortController().signal,
    call: async () => null,
    log: () => undefined,
  });
  assert.ok(outcome.ok, JSON.stringify(outcome));
  assert.is(outcome.ok && outcome.output, '{"sum":4}');
});

test.run();
