import { readdirSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { BuildOutcome, BuildProblem } from '../../sandbox/index.ts';
import { openRig, outputOf } from './rig.ts';

const test = suite('build');
const rig = openRig();

test.after(() => rig.sandbox.close());

const MAIN = 'export async function main() { return 1; }\n';

function problemsOf(outcome: BuildOutcome): readonly BuildProblem[] {
  return outcome.ok ? [] : outcome.problems;
}

const places = (problems: readonly BuildProblem[]) =>
  problems.map((problem) => `${problem.code} ${problem.file}:${problem.line}:${problem.column} ${problem.found}`);

test('CMP-09 a project of several files with JSON, built-ins and types only builds and runs', async () => {
  const files = {
    'activities/a.ts': `import type { Bundle } from '@aidbox-billing/built-in-activities/fhir/_types';
import { Missing } from 'a-package-of-types-only';
import { main as search } from '@aidbox-billing/built-in-activities/fhir/search';
import { main as alias } from '@aidbox-billing/fhir/search';
import { add } from '../shared/add';
import { twice } from '../shared/twice.js';
import { three } from '../shared';
import rates from './rates.json';
export const description = 'sums';
export async function main(input: { n: number } & Partial<Missing>): Promise<unknown> {
  const bundle: Bundle = await search({ type: 'Patient' });
  return [add(input.n), twice(2), three, rates.vat, bundle, search === alias, (await import('../shared/add.ts')).add(5)];
}
`,
    'activities/rates.json': '{ "vat": 19 }',
    'shared/add.ts': 'export const add = (n: number): number => n + 1;',
    'shared/twice.ts': 'export const twice = (n: number): number => n * 2;',
    'shared/index.ts': 'export const three = 3;',
    'unused.ts': 'this is not code',
  };
  const builtIns = new Map([
    [
      'fhir/search',
      "import { fhir } from 'cloister';\nimport { type Bundle, kind } from './_types';\nexport const main = async (i: { type: string }): Promise<Bundle> => ({ kind, ...(await fhir.search(i.type)) as object });",
    ],
    ['fhir/_types', "export interface Bundle { kind: string }\nexport const kind = 'bundle';"],
  ]);
  const built = await rig.build(files, { builtIns });
  assert.equal(problemsOf(built), []);
  if (!built.ok) return;
  assert.equal([...built.exports].sort(), ['description', 'main']);
  assert.equal(built.inputs, [
    'activities/a.ts',
    'activities/rates.json',
    'shared/add.ts',
    'shared/index.ts',
    'shared/twice.ts',
  ]);
  const output = outputOf(await rig.runBundle(built.bundle, { params: '{"n":1}' }));
  const found = { kind: 'bundle', method: 'fhir.search', args: { type: 'Patient', params: {} } };
  assert.equal(output, [2, 4, 3, 19, found, true, 6]);
});

test('the same input gives the same digest, another input another one', async () => {
  const one = await rig.build({ 'activities/a.ts': MAIN });
  const same = await rig.build({ 'activities/a.ts': MAIN, 'activities/other.ts': 'export {}' });
  const other = await rig.build({ 'activities/a.ts': MAIN.replace('1', '2') });
  assert.ok(one.ok && same.ok && other.ok);
  if (!one.ok || !same.ok || !other.ok) return;
  assert.match(one.bundle.digest, /^[0-9a-f]{64}$/);
  assert.is(one.bundle.digest, same.bundle.digest);
  assert.is.not(one.bundle.digest, other.bundle.digest);
});

test('a built-in can be the entry, and a file that is not there is SCRIPT_MISSING', async () => {
  const builtIns = new Map([['fhir/read', MAIN]]);
  const built = await rig.build({}, { entry: '@aidbox-billing/fhir/read', builtIns });
  assert.ok(built.ok);
  const missing = await rig.build({}, { entry: 'activities/none.ts' });
  assert.equal(places(problemsOf(missing)), ['SCRIPT_MISSING activities/none.ts:1:1 activities/none.ts']);
});

test('a virtual module is importable by its name and imports from the root of the project', async () => {
  const built = await rig.build(
    {
      'activities/a.ts': "import { rules } from 'cloister:rules';\nexport const main = async () => rules;",
      'rules/one.ts': 'export const one = 1;',
    },
    { virtual: new Map([['cloister:rules', "import { one } from './rules/one.ts';\nexport const rules = [one];"]]) },
  );
  assert.ok(built.ok);
  if (built.ok) assert.equal(outputOf(await rig.runBundle(built.bundle)), [1]);
});

test('CMP-01 CMP-02 CMP-04 what is not of the project is IMPORT_UNKNOWN at its line and column', async () => {
  const outcome = await rig.build({
    'activities/a.ts': `import a from '/etc/passwd' with { type: 'text' };
import b from '../../other-tenant/secret.ts';
import c from 'pg';
  import 'node:fs'; import d from 'fs/promises';
import e from './missing';
import f from '@aidbox-billing/built-in-activities/no/such';
import g from 'file:///etc/passwd';
import h from 'data:text/javascript,export default 1';
import i from 'https://example.org/x.js';
import j from 'cloister/db';
const k = require('../../.env');
export const main = async () => [a, b, c, d, e, f, g, h, i, j, k];
`,
  });
  assert.equal(places(problemsOf(outcome)).sort(), [
    'IMPORT_UNKNOWN activities/a.ts:10:15 import "cloister/db"',
    'IMPORT_UNKNOWN activities/a.ts:11:19 require "../../.env"',
    'IMPORT_UNKNOWN activities/a.ts:1:15 import "/etc/passwd"',
    'IMPORT_UNKNOWN activities/a.ts:2:15 import "../../other-tenant/secret.ts"',
    'IMPORT_UNKNOWN activities/a.ts:3:15 import "pg"',
    'IMPORT_UNKNOWN activities/a.ts:4:10 import "node:fs"',
    'IMPORT_UNKNOWN activities/a.ts:4:35 import "fs/promises"',
    'IMPORT_UNKNOWN activities/a.ts:5:15 import "./missing"',
    'IMPORT_UNKNOWN activities/a.ts:6:15 import "@aidbox-billing/built-in-activities/no/such"',
    'IMPORT_UNKNOWN activities/a.ts:7:15 import "file:///etc/passwd"',
    'IMPORT_UNKNOWN activities/a.ts:8:15 import "data:text/javascript,export default 1"',
    'IMPORT_UNKNOWN activities/a.ts:9:15 import "https://example.org/x.js"',
  ]);
});

test('a path that leads out of the project is told from one that is not there', async () => {
  const outcome = await rig.build({ 'activities/a.ts': "import '../../x';\nimport '../x';" });
  assert.equal(
    problemsOf(outcome).map((problem) => problem.expected),
    ['a file inside the project', 'a file of the project'],
  );
});

test('a script is strict, as a module is', async () => {
  const source =
    "export const main = async () => { const a: any = Object.freeze({}); try { a.b = 1; return 'sloppy'; } catch { return 'strict'; } };";
  assert.is(outputOf(await rig.runFiles({ 'activities/a.ts': source })), 'strict');
});

test('an import of a computed name is refused, and lists no folder of the host', async () => {
  const computed = await rig.build({
    'activities/a.ts': 'export async function main(x: string) {\n  return import(x);\n}',
  });
  assert.equal(places(problemsOf(computed)), ['IMPORT_UNKNOWN activities/a.ts:2:10 import() of a computed name']);
  const glob = await rig.build({
    'activities/a.ts':
      "export async function main(x: string) {\n  return import('../../../../../../../../../../etc/' + x);\n}",
  });
  assert.equal(places(problemsOf(glob)), ['IMPORT_UNKNOWN activities/a.ts:2:17 import() of a computed name']);
  const text = JSON.stringify(glob);
  for (const name of readdirSync('/etc')) if (name.length > 5) assert.not.ok(text.includes(name), name);
});

test('CMP-03 a tsconfig.json of the project configures nothing', async () => {
  const files = { 'activities/a.ts': `import { x } from 'lib/x';\n${MAIN}console.log(x);` };
  const config =
    '{"extends":"/etc/hosts","compilerOptions":{"baseUrl":"..","paths":{"lib/*":["../../etc/*"]},"jsx":"react","verbatimModuleSyntax":true}}';
  const outcome = await rig.build({
    ...files,
    'tsconfig.json': config,
    'activities/tsconfig.json': config,
    'lib/x.ts': 'export const x = 1;',
  });
  assert.equal(places(problemsOf(outcome)), ['IMPORT_UNKNOWN activities/a.ts:1:19 import "lib/x"']);
});

test('CMP-05 sources are sized before they are compiled, alone and together', async () => {
  const huge = await rig.build({ 'activities/a.ts': `${MAIN}//${'x'.repeat(40e6)}` });
  assert.match(
    places(problemsOf(huge)).join(),
    /^BUILD_FAILED activities\/a\.ts:1:1 activities\/a\.ts, 400000\d\d bytes$/,
  );
  const parts = Array.from(
    { length: 3 },
    (_, i) => [`p${i}.ts`, `export const p${i} = '${'x'.repeat(5e5)}';`] as const,
  );
  const imports = parts.map((_, i) => `import { p${i} } from '../p${i}';`).join('\n');
  const sum = await rig.build({
    'activities/a.ts': `${imports}\nexport const main = async () => [p0, p1, p2];`,
    ...Object.fromEntries(parts),
  });
  assert.match(places(problemsOf(sum)).join(), /^BUILD_FAILED activities\/a\.ts:1:1 a bundle of 15\d{5} bytes$/);
});

test('CMP-06 text that is no program is BUILD_FAILED with file and line; a BOM is fine', async () => {
  const cases: [string, RegExp][] = [
    [`${MAIN}const x = ;`, /^BUILD_FAILED activities\/\d\.ts:2:11 /],
    [`${MAIN}\`open`, /^BUILD_FAILED activities\/\d\.ts:2:6 /],
    ['\u0000', /^BUILD_FAILED activities\/\d\.ts:1:1 /],
    [Buffer.from([0xff, 0xfe, 0xc3, 0x28]).toString('utf8'), /^BUILD_FAILED activities\/\d\.ts:1:1 /],
    ['export const x = await 1;', /^BUILD_FAILED activities\/\d\.ts:1:\d+ /],
  ];
  const files = new Map(cases.map(([source], i) => [`activities/${i}.ts`, source]));
  for (const [i, [, expected]] of cases.entries()) {
    const outcome = await rig.build({}, { files, entry: `activities/${i}.ts` });
    assert.match(places(problemsOf(outcome))[0] ?? '', expected);
  }
  assert.ok((await rig.build({ 'activities/a.ts': `\ufeff${MAIN}` })).ok);
});

test('CMP-07 a source map comment is never followed', async () => {
  const built = await rig.build({ 'activities/a.ts': `${MAIN}//# sourceMappingURL=file:///etc/passwd` });
  assert.ok(built.ok);
  if (built.ok) assert.not.match(built.bundle.code + built.bundle.map, /etc\/passwd|root:/);
});

test('the exports of an entry are told however it is written', async () => {
  const other = 'export const x = 1; export const y = 2;';
  const forged =
    'export const main = 1; const t = `\n  __export(a_exports, {\n    no: () => no\n  });\n`; export const u = t;';
  const cases: readonly [string, readonly string[]][] = [
    ['export const main = 1; export function description() {}', ['description', 'main']],
    ["export * from './other'; export { x as main } from './other';", ['main', 'x', 'y']],
    ["export * as all from './other'; export default 1;", ['all', 'default']],
    ['const v = 1; export { v as "two words", v as "ä\\"\\n", v as $1 };', ['$1', 'two words', 'ä"\n']],
    ['const v = 1; export { v as "\\x07", v as b };', ['\x07', 'b']],
    ['exports.main = () => 1;', ['default']],
    ['export interface Main { a: 1 }', []],
    ['console.log(1);', []],
    [forged, ['main', 'u']],
  ];
  const files = new Map(cases.map(([source], i) => [`activities/${i}.ts`, source]));
  files.set('activities/other.ts', other);
  for (const [i, [source, expected]] of cases.entries()) {
    const built = await rig.build({}, { files, entry: `activities/${i}.ts` });
    assert.equal(built.ok ? [...built.exports].sort() : built.problems, [...expected].sort(), source);
  }
});

test('code for the guest interpreter has no async function left, and neither cloister nor built-ins', async () => {
  const text = `import { sleep } from 'sdk';
export async function run() { for await (const ms of steps()) await sleep(ms); }
export const again = async ({ a, b }: Record<string, number>, last = (1)) => { await using it = null; return a + b + last; };
async function* steps() { yield* [1, 2]; }
export const made = wrap(run);
export enum Kind { A }
export class Thing { accessor x = 1; async go() { return await run(); } }
export const table = { async go() {} };
export { run as other };
function wrap(f: unknown) { return f; }`;
  const over = { target: 'guest', virtual: new Map([['sdk', 'export const sleep = $temporal.sleep;']]) } as const;
  const built = await rig.build({ 'activities/a.ts': text }, over);
  assert.equal(problemsOf(built), []);
  if (!built.ok) return;
  assert.not.match(built.bundle.code, /\basync \*?[\w(]|\bawait |\baccessor |\busing /);
  assert.ok(built.bundle.code.startsWith('(function ($temporal) {'));
  assert.equal([[...built.functions].sort(), built.unclear], [['again', 'other', 'run'], ['made']]);
  const refused = `import 'cloister';\nimport '@aidbox-billing/fhir/search';`;
  const builtIns = new Map([['fhir/search', MAIN]]);
  assert.equal(places(problemsOf(await rig.build({ 'activities/a.ts': refused }, { ...over, builtIns }))), [
    'IMPORT_UNKNOWN activities/a.ts:1:8 import "cloister"',
    'IMPORT_UNKNOWN activities/a.ts:2:8 import "@aidbox-billing/fhir/search"',
  ]);
});

test.run();
