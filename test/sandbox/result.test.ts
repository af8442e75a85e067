import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { codeOf, openRig, outputOf } from './rig.ts';

const test = suite('results and errors');
const rig = openRig();

test.after(() => rig.sandbox.close());

const result = (expression: string, over = {}) => rig.run(`async function main(input) { return ${expression}; }`, over);

test('a result comes back as it is, undefined as null, undefined values dropped', async () => {
  assert.equal(outputOf(await result('input', { params: '{"a":[1,"ä",null,true]}' })), { a: [1, 'ä', null, true] });
  assert.is(outputOf(await result('undefined')), null);
  assert.equal(outputOf(await result('({ a: undefined, b: 1, c: [undefined], d: new Date(0) })')), {
    b: 1,
    c: [null],
    d: '1970-01-01T00:00:00.000Z',
  });
  assert.is(outputOf(await rig.run('function main() { return 5; }')), 5);
});

const NOT_JSON = [
  '() => 1',
  'Symbol("s")',
  '1n',
  '({ a: { b: [() => 1] } })',
  '[NaN]',
  '({ x: Infinity })',
  'new Map()',
  '[new Set()]',
  '({ p: Promise.resolve(1) })',
  '(() => { const a = {}; a.a = a; return a; })()',
  '({ toJSON() { throw new Error("x"); } })',
];

for (const expression of NOT_JSON) {
  test(`${expression} is RESULT_NOT_JSON`, async () => {
    assert.is(codeOf(await result(expression)), 'RESULT_NOT_JSON');
  });
}

test('the error names the key that is not JSON', async () => {
  const outcome = await result('({ total: { amount: 1n } })');
  assert.match(outcome.ok ? '' : outcome.error.message, /a bigint at "amount"/);
});

test('RES-11 a result over its cap is RESULT_TOO_LARGE, with size and cap', async () => {
  for (const expression of ['"x".repeat(500e6)', 'Array.from({ length: 2e5 }, () => "xxxxxxxx")', '"é".repeat(6e5)']) {
    const outcome = await result(expression, { limits: { cpuMs: 5_000 } });
    assert.is(codeOf(outcome), 'RESULT_TOO_LARGE');
    assert.match(outcome.ok ? '' : outcome.error.message, /1048576/);
  }
});

test('BRG-07 a result or params nested too deep are TOO_DEEP', async () => {
  const deep = '(() => { let d = []; for (let i = 0; i < 1e6; i++) d = [d]; return d; })()';
  assert.is(codeOf(await result(deep)), 'TOO_DEEP');
  assert.is(
    codeOf(await result('(() => { let d = 1; for (let i = 0; i < 300; i++) d = [d]; return d; })()')),
    'TOO_DEEP',
  );
  assert.is(codeOf(await result('1', { params: '['.repeat(1e5) })), 'TOO_DEEP');
});

test('params over their cap are PARAMS_TOO_LARGE', async () => {
  assert.is(codeOf(await result('1', { params: JSON.stringify('x'.repeat(2e6)) })), 'PARAMS_TOO_LARGE');
});

test('an entry without main is MAIN_MISSING and names what it does export', async () => {
  const built = await rig.build({
    'activities/a.ts': 'export const description = "x"; export const helper = () => 1;',
  });
  assert.ok(built.ok);
  assert.equal([...built.exports].sort(), ['description', 'helper']);
  const outcome = await rig.runBundle(built.bundle);
  assert.is(codeOf(outcome), 'MAIN_MISSING');
  assert.match(outcome.ok ? '' : outcome.error.message, /helper/);
});

test('an error carries the lines of the project that it came through, by way of the source map', async () => {
  const outcome = await rig.runFiles({
    'activities/a.ts': `import { check } from '../shared/check';\ninterface Input { n: number }\nexport async function main(input: Input): Promise<void> {\n  await null;\n  check(input.n);\n}\n`,
    'shared/check.ts': `export type Never = never;\n\nexport function check(n: number | undefined): void {\n  if (n === undefined) throw new RangeError('n is missing');\n}\n`,
  });
  assert.not.ok(outcome.ok);
  if (outcome.ok) return;
  assert.is(outcome.error.message, 'RangeError: n is missing');
  const lines = outcome.error.stack?.split('\n') ?? [];
  assert.is(lines[0], 'at check (shared/check.ts:4:30)');
  assert.match(lines[1] ?? '', /^at main \(activities\/a\.ts:5:\d+\)$/);
});

test('an error tells the same lines when the code is read from what V8 kept of a run before', async () => {
  const files = {
    'activities/a.ts': `import { check } from '../shared/check';\nexport async function main({ n }: { n?: number }): Promise<number> {\n  return check(n);\n}\n`,
    'shared/check.ts': `export function check(n?: number): number {\n  if (n === undefined) throw new RangeError('n is missing');\n  return n;\n}\n`,
  };
  const built = await rig.build(files);
  if (!built.ok) throw new Error(JSON.stringify(built.problems));
  const run = (params: object) => rig.runBundle(built.bundle, { cell: 'lines', params: JSON.stringify(params) });
  const stackOf = async (): Promise<string | undefined> => {
    const outcome = await run({});
    return outcome.ok ? 'no error' : outcome.error.stack;
  };
  const before = await stackOf();
  for (const n of [1, 2, 3]) {
    assert.is(outputOf(await run({ n })), n);
    assert.is(await stackOf(), before);
  }
  assert.match(before ?? '', /^at check \(shared\/check\.ts:2:\d+\)\nat main \(activities\/a\.ts:3:\d+\)/);
});

test('a stack that a script makes up shows nothing but its own text in the shape of frames', async () => {
  const outcome = await rig.run(
    'async function main() { const e = new Error("x"); e.stack = "at root (/etc/passwd:1:1)\\n at x (bundle:1:1)\\n at y (bundle:999999999:1)"; throw e; }',
  );
  assert.is(outcome.ok ? '' : outcome.error.stack, undefined);
});

test('messages are cut to 2 KB', async () => {
  const outcome = await rig.run('async function main() { throw new Error("x".repeat(1e6)); }');
  assert.is(outcome.ok ? 0 : outcome.error.message.length, 2048);
});

test('half a character in an error, from the script or from a cut, is none: Temporal would end the worker by it', async () => {
  for (const text of ["'a\\ud800b'", "'x'.repeat(2047) + '\\u{1f600}'"]) {
    const thrown = `Object.assign(new Error(${text}), { code: 'C\\udc00' })`;
    const outcome = await rig.run(`async function main() { throw ${thrown}; }`);
    const { error } = outcome.ok ? { error: null } : outcome;
    assert.ok(error?.message.isWellFormed() && (error.stack ?? '').isWellFormed(), text);
    assert.not.match(JSON.stringify(error), /\\ud[89a-f]/i);
  }
});

test('usage says CPU, wall clock and calls', async () => {
  const { usage } = await rig.run(
    'async function main() { for (let i = 0; i < 3; i++) await $cloister.call("fhir.read", {}); }',
  );
  assert.is(usage.calls, 3);
  assert.ok(usage.cpuMs > 0 && usage.wallMs > 0);
});

test.run();
