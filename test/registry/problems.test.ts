/** CP-45: every row of the specification's table of problems, as the line that `cloister check` prints. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Build, checkProject, formatProblem, openProject } from '../../registry/index.ts';
import { createSandbox } from '../../sandbox/index.ts';
import { BUILT_INS, type Files, Folders, SCRIPT } from './folder.ts';

const test = suite('problems of a project');
const folders = new Folders();
const sandbox = createSandbox({});
test.after(async () => {
  folders.remove();
  await sandbox.close();
});

const OK = 'id: ok\nname: Ok\nrootChildren: [a]\nactivities: [{ id: a, script: ./activities/a.ts }]\n';
const HEAD = 'id: w\nname: W\nrootChildren: [x]\nactivities:\n';
const FIELDS =
  'id, name, description, script, childWorkflow, params, children, applicability, retries, timeout, backoff, decoupled, limits, deterministic';

/** A workflow `w` from its fifth line on; `x` is its first activity. */
function activities(text: string, head = HEAD): Files {
  return { 'workflows/w.yaml': head + text };
}

/** Activity `x` with further fields, in line 5. */
function activity(fields: string): Files {
  return activities(`  - { id: x, script: ./activities/a.ts, ${fields} }\n`);
}

function script(text: string): Files {
  return { ...activities('  - { id: x, script: ./activities/x.ts }\n'), 'activities/x.ts': text };
}

function rule(text: string): Files {
  return {
    'validation-rules/manifest.yaml': `rules:\n  - { id: r0, name: N, category: c, level: claim, severity: error, message: m, script: ./r0.ts }\n  - ${text}\n`,
    'validation-rules/r0.ts': SCRIPT,
  };
}

function trigger(definition: string, id = 't', mapping = true): Files {
  return {
    [`triggers/${id}/definition.yaml`]: definition,
    ...(mapping && { [`triggers/${id}/input-mapping.ts`]: SCRIPT }),
  };
}

const TOPIC =
  'subscriptionTopic: { resourceType: AidboxSubscriptionTopic, url: http://b/t, status: active, trigger: [{ resource: Encounter }] }\n';

/** Four activities with references to everything but ancestors; the one behind `key` is marked. */
function many(key: string): Files {
  const text = `  - { id: a, script: ./activities/a.ts, children: [b, c] }
  - { id: b, script: ./activities/a.ts, params: { p: $activities.c.output, q: $activities.bb.output } }
  - { id: c, script: ./activities/a.ts, children: [d], params: { r: [{ s: $activities.d.output }], t: $activities.c.output } }
  - { id: d, script: ./activities/a.ts, params: { u: $activities.b.output, v: $activities.aa.output } }
`;
  return activities(text.replace(`${key} $`, `${key} ▸$$`), HEAD.replace('[x]', '[a]'));
}

/** `▸` marks the place that the problem must name; it is taken out before the file is written. */
const CASES: readonly (readonly [code: string, files: Files, line: string])[] = [
  [
    'YAML_SYNTAX',
    { 'workflows/w.yaml': 'id: w\nname: "W\n▸' },
    'error YAML_SYNTAX document: found Missing closing "quote, expected YAML 1.2',
  ],
  [
    'YAML_SYNTAX',
    { 'workflows/w.yaml': 'id: w\nname: W\n▸id: w\n' },
    'error YAML_SYNTAX document: found the key "id" again, expected YAML 1.2',
  ],
  [
    'FIELD_MISSING',
    activities('  - ▸id: x\n    name: X\n'),
    'error FIELD_MISSING activity "x": found no "script" or "childWorkflow", expected exactly one',
  ],
  [
    'FIELD_MISSING',
    { 'workflows/w.yaml': '▸id: w\nname: W\nactivities: [{ id: x, script: ./activities/a.ts }]\n' },
    'error FIELD_MISSING workflow: found no "rootChildren", expected a list of activity ids',
  ],
  [
    'FIELD_TYPE',
    activity('children: ▸next'),
    'error FIELD_TYPE activity "x" children: found string "next", expected a list of activity ids',
  ],
  [
    'FIELD_UNKNOWN',
    activity('▸retires: 3'),
    `warning FIELD_UNKNOWN activity "x": found field "retires", expected one of ${FIELDS}; did you mean "retries"?`,
  ],
  [
    'ID_FORMAT',
    activities('  - { id: ▸a.b, script: ./activities/a.ts }\n'),
    'error ID_FORMAT activity id: found "a.b", expected letters, digits, "-" or "_", starting with a letter or digit',
  ],
  [
    'ID_MISMATCH',
    { 'workflows/prebill.yaml': OK.replace('id: ok', 'id: ▸pre-bill') },
    'error ID_MISMATCH workflow id: found "pre-bill", expected "prebill" as in the file name',
  ],
  [
    'ID_DUPLICATE',
    activities('  - { id: x, script: ./activities/a.ts }\n  - { id: ▸x, script: ./activities/a.ts }\n'),
    'error ID_DUPLICATE activity id: found "x" again (first at line 5), expected ids unique in the workflow',
  ],
  [
    'CHILD_UNKNOWN',
    activities(
      '  - { id: x, script: ./activities/a.ts, children: [▸savee, save] }\n  - { id: save, script: ./activities/a.ts }\n',
    ),
    'error CHILD_UNKNOWN activity "x" children: found "savee", expected an activity id of this workflow; did you mean "save"?',
  ],
  [
    'CHILD_UNKNOWN',
    { 'workflows/w.yaml': OK.replace('id: ok', 'id: w').replace('[a]', '[a, ▸bcd]') },
    'error CHILD_UNKNOWN workflow rootChildren: found "bcd", expected an activity id of this workflow',
  ],
  [
    'CHILD_TWICE',
    activities(
      '  - { id: x, script: ./activities/a.ts, children: [a, b] }\n  - { id: a, script: ./activities/a.ts, children: [save] }\n  - { id: b, script: ./activities/a.ts, children: [▸save] }\n  - { id: save, script: ./activities/a.ts }\n',
    ),
    'error CHILD_TWICE activity "save": found in children of "a" and of "b", expected one parent',
  ],
  [
    'TREE_CYCLE',
    activities(
      '  - { id: x, script: ./activities/a.ts }\n  - { id: ▸a, script: ./activities/a.ts, children: [b] }\n  - { id: b, script: ./activities/a.ts, children: [c] }\n  - { id: c, script: ./activities/a.ts, children: [a] }\n',
    ),
    'error TREE_CYCLE activity "a": found the cycle a → b → c → a, expected a tree',
  ],
  [
    'ACTIVITY_ORPHAN',
    activities('  - { id: x, script: ./activities/a.ts }\n  - { id: ▸y, script: ./activities/a.ts }\n'),
    'error ACTIVITY_ORPHAN activity "y": found no path from rootChildren, expected it in rootChildren or in one children list',
  ],
  [
    'SCRIPT_AND_CHILD',
    activities('  - ▸{ id: x, script: ./activities/a.ts, childWorkflow: ok }\n'),
    'error SCRIPT_AND_CHILD activity "x": found both "script" and "childWorkflow", expected exactly one',
  ],
  [
    'SCRIPT_FORM',
    activities('  - { id: x, script: ▸lib/x.ts }\n'),
    'error SCRIPT_FORM activity "x" script: found "lib/x.ts", expected "@aidbox-billing/<category>/<name>" or "./activities/….ts"',
  ],
  [
    'SCRIPT_MISSING',
    activities('  - { id: x, script: ▸./activities/prebill/x.ts }\n'),
    'error SCRIPT_MISSING activity "x" script: found no file activities/prebill/x.ts, expected an existing .ts file below activities/',
  ],
  [
    'SCRIPT_MISSING',
    {
      ...activities('  - { id: x, script: ▸./activities/../validation-rules/x.ts }\n'),
      'validation-rules/x.ts': SCRIPT,
    },
    'error SCRIPT_MISSING activity "x" script: found no file validation-rules/x.ts, expected an existing .ts file below activities/',
  ],
  [
    'BUILTIN_UNKNOWN',
    activities('  - { id: x, script: ▸"@aidbox-billing/fhir/serach" }\n'),
    'error BUILTIN_UNKNOWN activity "x" script: found built-in "fhir/serach", expected one of billing-case/evaluate-validation-rules, fhir/search, fhir/transaction; did you mean "fhir/search"?',
  ],
  [
    'CHILD_WORKFLOW_UNKNOWN',
    {
      ...activities('  - { id: x, childWorkflow: ▸upload-ear }\n'),
      'workflows/upload-era.yaml': OK.replace('id: ok', 'id: upload-era'),
    },
    'error CHILD_WORKFLOW_UNKNOWN activity "x" childWorkflow: found "upload-ear", expected a workflow id of this project; did you mean "upload-era"?',
  ],
  [
    'CHILD_WORKFLOW_CYCLE',
    {
      ...activities('  - { id: x, childWorkflow: ▸sync }\n'),
      'workflows/sync.yaml': 'id: sync\nname: S\nrootChildren: [s]\nactivities: [{ id: s, childWorkflow: w }]\n',
    },
    'error CHILD_WORKFLOW_CYCLE activity "x" childWorkflow: found w → sync → w, expected no workflow to reach itself',
  ],
  [
    'MAIN_MISSING',
    script("▸export const description = 'x';\n"),
    'error MAIN_MISSING activities/x.ts: found no export "main", expected "export async function main(input)"',
  ],
  [
    'DESCRIPTION_MISSING',
    script('▸export async function main() {}\n'),
    'warning DESCRIPTION_MISSING activities/x.ts: found no export "description", expected a markdown string for display',
  ],
  [
    'EXPRESSION_SYNTAX',
    activity('params: { total: ▸$price }'),
    'error EXPRESSION_SYNTAX activity "x" params.total: found "$price", expected $input…, $activities.<id>.output… or "$$price" for literal text',
  ],
  [
    'REFERENCE_UNKNOWN',
    activities(
      '  - { id: x, script: ./activities/a.ts, children: [fetch] }\n  - { id: fetch, script: ./activities/a.ts, children: [y] }\n  - { id: y, script: ./activities/a.ts, params: { a: ▸$activities.fetchh.output } }\n',
    ),
    'error REFERENCE_UNKNOWN activity "y" params.a: found activity "fetchh", expected an ancestor of "y": fetch, x; did you mean "fetch"?',
  ],
  [
    'REFERENCE_NOT_ANCESTOR',
    many('p:'),
    'error REFERENCE_NOT_ANCESTOR activity "b" params.p: found sibling "c", expected an ancestor of "b": a',
  ],
  [
    'REFERENCE_NOT_ANCESTOR',
    many('s:'),
    'error REFERENCE_NOT_ANCESTOR activity "c" params.r[0].s: found descendant "d", expected an ancestor of "c": a',
  ],
  [
    'REFERENCE_NOT_ANCESTOR',
    many('t:'),
    'error REFERENCE_NOT_ANCESTOR activity "c" params.t: found itself, expected an ancestor of "c": a',
  ],
  [
    'REFERENCE_NOT_ANCESTOR',
    many('u:'),
    'error REFERENCE_NOT_ANCESTOR activity "d" params.u: found "b" of another branch, expected an ancestor of "d": c, a',
  ],
  [
    'INPUT_UNDECLARED',
    activities(
      '  - { id: x, script: ./activities/a.ts, params: { a: ▸$input.encounterID.b } }\n',
      'id: w\nname: W\ninput: { encounterId: string }\nrootChildren: [x]\nactivities:\n',
    ),
    'warning INPUT_UNDECLARED activity "x" params.a: found $input.encounterID, expected a name declared in input; did you mean "encounterId"?',
  ],
  [
    'APPLICABILITY_LITERAL',
    activity('applicability: [▸"yes"]'),
    'error APPLICABILITY_LITERAL activity "x" applicability[0]: found text "yes", expected an expression or a boolean',
  ],
  [
    'DURATION_FORMAT',
    activity('timeout: ▸30 sec'),
    'error DURATION_FORMAT activity "x" timeout: found "30 sec", expected a whole number above 0 with s, m or h, such as "30s"',
  ],
  [
    'DURATION_FORMAT',
    activity('timeout: ▸30'),
    'error DURATION_FORMAT activity "x" timeout: found 30, expected a whole number above 0 with s, m or h, such as "30s"',
  ],
  [
    'RETRIES_VALUE',
    activity('retries: ▸-1'),
    'error RETRIES_VALUE activity "x" retries: found -1, expected a whole number of 0 or more',
  ],
  [
    'RETRIES_UNREACHABLE',
    activity('retries: ▸5'),
    'warning RETRIES_UNREACHABLE activity "x": found 31s of waits before attempt 6, expected less than timeout 30s',
  ],
  [
    'EXECUTION_VALUE',
    { 'workflows/w.yaml': `execution: ▸async\n${OK.replace('id: ok', 'id: w')}` },
    'error EXECUTION_VALUE workflow execution: found "async", expected "sequential" or "parallel"',
  ],
  [
    'IMPORT_UNKNOWN',
    script(`${SCRIPT}import fs from ▸'node:fs';\nexport { fs };\n`),
    'error IMPORT_UNKNOWN activities/x.ts: found import "node:fs", expected project files, built-ins, packages of package.json or "cloister"',
  ],
  [
    'IMPORT_UNKNOWN',
    script(`${SCRIPT}export { x } from ▸'left-pad';\n`),
    'error IMPORT_UNKNOWN activities/x.ts: found import "left-pad", expected project files, built-ins, packages of package.json or "cloister"',
  ],
  [
    'IMPORT_UNKNOWN',
    script(`${SCRIPT}export { x } from ▸'../../outside.ts';\n`),
    'error IMPORT_UNKNOWN activities/x.ts: found import "../../outside.ts", expected project files, built-ins, packages of package.json or "cloister"',
  ],
  [
    'IMPORT_UNKNOWN',
    script(`${SCRIPT}export { x } from ▸'@aidbox-billing/fhir/serach';\n`),
    'error IMPORT_UNKNOWN activities/x.ts: found import "@aidbox-billing/fhir/serach", expected project files, built-ins, packages of package.json or "cloister"',
  ],
  [
    'IMPORT_UNKNOWN',
    script(`${SCRIPT}export const load = (name: string) => ▸import(name);\n`),
    'error IMPORT_UNKNOWN activities/x.ts: found import() of a computed name, expected project files, built-ins, packages of package.json or "cloister"',
  ],
  [
    'BUILD_FAILED',
    script('export const main = ▸;\n'),
    'error BUILD_FAILED activities/x.ts: found Unexpected ";", expected TypeScript that builds',
  ],
  [
    'RULE_FIELD',
    rule('{ id: r1, name: N, category: c, level: claim, severity: ▸fatal, message: m, script: ./r0.ts }'),
    'error RULE_FIELD rule "r1" severity: found "fatal", expected error, warning or information',
  ],
  [
    'RULE_FIELD',
    rule('{ id: r1, name: N, category: c, level: ▸bill, severity: error, message: m, script: ./r0.ts }'),
    'error RULE_FIELD rule "r1" level: found "bill", expected patient, encounter, procedure or claim',
  ],
  [
    'RULE_FIELD',
    rule('▸{ id: r1, category: c, level: claim, severity: error, message: m, script: ./r0.ts }'),
    'error RULE_FIELD rule "r1": found no "name", expected a string',
  ],
  [
    'RULE_FIELD',
    rule('{ id: ▸r0, name: N, category: c, level: claim, severity: error, message: m, script: ./r0.ts }'),
    'error RULE_FIELD rule "r0" id: found "r0" again (first at line 2), expected ids unique in the manifest',
  ],
  [
    'RULE_SCRIPT',
    rule('{ id: r1, name: N, category: c, level: claim, severity: error, message: m, script: ▸./r1.ts }'),
    'error RULE_SCRIPT rule "r1" script: found no file validation-rules/r1.ts, expected an existing .ts file',
  ],
  [
    'TRIGGER_FIELD',
    trigger('workflow: ok\ntype: ▸cron\n'),
    'error TRIGGER_FIELD trigger "t" type: found "cron", expected subscription, schedule or webhook',
  ],
  [
    'TRIGGER_FIELD',
    trigger(`workflow: ok\n${TOPIC}destination: { content: ▸all }\n`),
    'error TRIGGER_FIELD trigger "t" destination.content: found "all", expected full-resource, id-only or empty',
  ],
  [
    'TRIGGER_FIELD',
    trigger(`workflow: ok\n${TOPIC.replace('Encounter', 'Encounter, supportedInteraction: [create, ▸read]')}`),
    'error TRIGGER_FIELD trigger "t" subscriptionTopic.trigger[0].supportedInteraction: found "read", expected create, update or delete',
  ],
  [
    'TRIGGER_ID',
    trigger(`▸workflow: ok\n${TOPIC}`, 'enc_done'),
    'error TRIGGER_ID trigger folder: found "enc_done", expected 1 to 48 letters, digits or "-"',
  ],
  [
    'TRIGGER_WORKFLOW',
    { ...trigger(`workflow: ▸prebil\n${TOPIC}`), 'workflows/prebill.yaml': OK.replace('id: ok', 'id: prebill') },
    'error TRIGGER_WORKFLOW trigger "t" workflow: found "prebil", expected a workflow id of this project; did you mean "prebill"?',
  ],
  [
    'TRIGGER_TOPIC',
    trigger(`workflow: ok\n${TOPIC.replace('url: http://b/t, ', '').replace('{', '▸{')}`),
    'error TRIGGER_TOPIC trigger "t" subscriptionTopic: found no "url", expected resourceType AidboxSubscriptionTopic with url, status and trigger',
  ],
  [
    'TRIGGER_MAPPING',
    trigger(`▸workflow: ok\n${TOPIC}`, 't', false),
    'error TRIGGER_MAPPING trigger "t": found no input-mapping.ts, expected one that exports main',
  ],
  [
    'TRIGGER_MAPPING',
    trigger('▸type: schedule\nworkflow: ok\nspec: { cronExpressions: ["0 2 * * *"] }\n'),
    'warning TRIGGER_MAPPING trigger "t": found input-mapping.ts, expected none beside a schedule: it is never used',
  ],
  [
    'TRIGGER_SPEC',
    trigger('type: schedule\nworkflow: ok\nspec:\n  ▸interval: [{ every: 5m }]\n', 't', false),
    'error TRIGGER_SPEC trigger "t" spec: found "interval", expected intervals, cronExpressions or calendars; did you mean "intervals"?',
  ],
  [
    'TRIGGER_SPEC',
    trigger('type: schedule\nworkflow: ok\nspec: { intervals: [{ every: ▸5 }] }\n', 't', false),
    'error TRIGGER_SPEC trigger "t" spec.intervals[0].every: found 5, expected a number with s, m, h or d, such as "30m"',
  ],
  [
    'TRIGGER_SPEC',
    trigger('type: schedule\nworkflow: ok\nspec: { cronExpressions: [▸"0 2 * *"] }\n', 't', false),
    'error TRIGGER_SPEC trigger "t" spec.cronExpressions[0]: found "0 2 * *" with 4 fields, expected 5, 6 or 7 fields',
  ],
  [
    'TRIGGER_SPEC',
    trigger(
      'type: schedule\nworkflow: ok\nspec: { intervals: [{ every: 5m }], timezone: ▸Europe/Nowhere }\n',
      't',
      false,
    ),
    'error TRIGGER_SPEC trigger "t" spec.timezone: found "Europe/Nowhere", expected the name of a time zone, such as "Europe/Berlin"',
  ],
  [
    'TRIGGER_SPEC',
    trigger('type: schedule\nworkflow: ok\nspec: ▸{}\n', 't', false),
    'error TRIGGER_SPEC trigger "t" spec: found no times, expected intervals, cronExpressions or calendars',
  ],
  [
    'FILE_IGNORED',
    { 'workflows/a.yml': `▸${OK}` },
    'warning FILE_IGNORED workflows/a.yml: found extension .yml, expected .yaml; the file is not read',
  ],
];

// The script that is right is built once and its bundle taken for each project; every other script is built for real each time.
const right = new Map<string, ReturnType<Build>>();
const build: Build = (input) => {
  if (input.files.get(input.entry) !== SCRIPT) return sandbox.build(input);
  const building = right.get(input.entry) ?? sandbox.build(input);
  right.set(input.entry, building);
  return building;
};

async function lines(files: Files): Promise<string[]> {
  const dir = folders.make({ 'workflows/ok.yaml': OK, 'activities/a.ts': SCRIPT, ...files });
  const project = await openProject({ dir, mode: 'working-tree', builtIns: BUILT_INS, build });
  return (await checkProject(project)).map(formatProblem);
}

/** The files without the mark, and the place it stood at. */
function unmark(files: Files): { files: Files; place: string } {
  let place = '';
  const plain = Object.entries(files).map(([path, text]) => {
    const before = text.split('▸')[0] ?? '';
    if (before !== text) place = `${path}:${before.split('\n').length}:${before.length - before.lastIndexOf('\n')}`;
    return [path, text.replace('▸', '')] as const;
  });
  return { files: Object.fromEntries(plain), place };
}

for (const [index, [code, marked, problem]] of CASES.entries()) {
  test(`CP-45 ${code} (${index}) is found at its place and told in its words`, async () => {
    const { files, place } = unmark(marked);
    const found = await lines(files);
    // What the builder knows better may follow in brackets; the rest is word for word.
    const plain = found.map((line) => line.replace(/(or "cloister") \(.*\)$/, '$1'));
    assert.ok(plain.includes(`${place} ${problem}`), `expected\n${place} ${problem}\nfound\n${found.join('\n')}`);
  });
}

test('a project without mistakes has no problem', async () => {
  assert.equal(await lines({}), []);
});

test('CP-46 all problems come in one go, sorted by file and position', async () => {
  const found = await lines({
    ...activity('retries: -1, timeout: 5, params: { b: $x, a: $y }'),
    ...rule('{ id: r1, level: x }'),
    ...trigger('type: cron\n'),
    'workflows/v.yaml': 'id: u\n',
  });
  const places = found.map((line) => line.split(' ', 3));
  assert.ok(found.length >= 14, found.join('\n'));
  const codes = new Set(places.map(([, , code]) => code));
  for (const code of [
    'RETRIES_VALUE',
    'DURATION_FORMAT',
    'EXPRESSION_SYNTAX',
    'RULE_FIELD',
    'TRIGGER_FIELD',
    'ID_MISMATCH',
    'FIELD_MISSING',
  ]) {
    assert.ok(codes.has(code), code);
  }
  const keys = places.map(([place = '']) => {
    const [file = '', line = '', column = ''] = place.split(':');
    return `${file} ${line.padStart(6, '0')} ${column.padStart(6, '0')}`;
  });
  assert.equal(keys, keys.toSorted());
});

test('CP-35 a trigger without type is a subscription', async () => {
  assert.equal(await lines(trigger(`workflow: ok\n${TOPIC}`)), []);
  const [line] = await lines(trigger(`workflow: ok\n${TOPIC}`, 't', false));
  assert.match(line ?? '', 'TRIGGER_MAPPING');
});

test('a schedule with every form of time passes', async () => {
  const spec =
    'spec: { intervals: [{ every: 5m, offset: 1m }], cronExpressions: ["0 2 * * *", "@daily", "CRON_TZ=Europe/Rome 0 0 2 * * * 2030"], calendars: [{ dayOfWeek: MONDAY, hour: 6 }], startAt: 2030-01-01, jitter: 30s, timezone: UTC }\n';
  assert.equal(await lines(trigger(`type: schedule\nworkflow: ok\n${spec}`, 't', false)), []);
});

test('the fields by which a project declares its needs are known, and wrong ones are told', async () => {
  const needs =
    'capabilities: [fhir, db, http, log]\nhttp: { allow: ["https://api.example.org", "https://*.example.org:8443"] }\ndb: { tables: [notes], functions: [sum] }\nenv: [REGION]\nsecrets: [claims]\nlimits: { cpuMs: 500 }\ndeterministic: true\n';
  const own = activity('limits: { wallMs: 100 }, deterministic: true');
  assert.equal(await lines({ 'cloister.yaml': needs, 'workflows/w.yaml': `${own['workflows/w.yaml']}${needs}` }), []);
  const found = await lines({
    'cloister.yaml': 'capabilities: [ftp]\nhttp: { allow: ["https://x/path"] }\nlimits: { cpuMs: 0, cpu: 1 }\n',
  });
  assert.equal(
    found.map((line) => line.split(' ')[2]),
    ['FIELD_TYPE', 'FIELD_TYPE', 'FIELD_TYPE', 'FIELD_UNKNOWN'],
  );
  assert.is(
    found[0],
    'cloister.yaml:1:16 error FIELD_TYPE project capabilities: found "ftp", expected a list out of fhir, db, http, log',
  );
});

test('text of a project cannot forge a line of output', async () => {
  const found = await lines(activity('params: { a: "$x\\nworkflows/w.yaml:1:1 error", "k\\u202Ek": $y }'));
  for (const line of found) assert.not.match(line, /[\n\u202e]/);
  assert.is(found.length, 2);
});

test.run();
