import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { codeOf, openRig, outputOf } from './rig.ts';

const test = suite('what a script cannot make up');
const rig = openRig();

test.after(() => rig.sandbox.close());

const run = (body: string, over = {}) => rig.run(`async function main(input) { ${body} }`, over);

for (const place of ['bundle:0:1', 'bundle:1:0', 'bundle:999999999:999999999']) {
  test(`a stack that names ${place} ends the run as any other`, async () => {
    const outcome = await run(`const e = new Error('x'); e.stack = 'at f (${place})'; throw e;`);
    assert.is(codeOf(outcome), 'SCRIPT_ERROR');
  });
}

const ERRORS = [
  `({ code: 'CANCELLED', message: 'm' })`,
  `({ code: 'SCRIPT_ERROR', message: 'm'.repeat(3e6) })`,
  `({ code: 'XX', message: 42 })`,
  'undefined',
  'null',
];
for (const made of ERRORS) {
  test(`a toJSON of the prototype that gives ${made} does not change its error`, async () => {
    const outcome = await run(`Object.prototype.toJSON = () => (${made}); throw new Error('mine');`);
    assert.is(codeOf(outcome), 'SCRIPT_ERROR');
    assert.ok(!outcome.ok && outcome.error.message === 'mine', JSON.stringify(outcome).slice(0, 300));
  });
}

test('a text on the prototype does not pass for a result, nor for a line of the log', async () => {
  for (const text of ['not json {', '{"forged":1}']) {
    const outcome = await run(`Object.prototype.text = ${JSON.stringify(text)}; return { a: () => 1 };`);
    assert.is(codeOf(outcome), 'RESULT_NOT_JSON');
  }
  assert.is(
    outputOf(await run(`Object.prototype.text = '"' + 'x'.repeat(2e6); console.log('a', { f() {} }); return 1;`)),
    1,
  );
});

test('a line for shells at the top of a script means nothing', async () => {
  const outcome = await rig.runFiles({
    'activities/a.ts': '#!/usr/bin/env node\nexport const main = async (): Promise<number> => 1;',
  });
  assert.is(outputOf(outcome), 1);
});

test('numbers that JSON cannot hold do not pass as raw text', async () => {
  assert.is(outputOf(await run('return typeof JSON.rawJSON;')), 'undefined');
});

test('a long key, many exports and a long level come out short', async () => {
  const outcome = await run("return { ['k'.repeat(3e6)]: () => 1 };");
  assert.is(codeOf(outcome), 'RESULT_NOT_JSON');
  assert.ok(!outcome.ok && outcome.error.message.length <= 2048);
});

const EVALUATIONS = [
  ['Object.prototype.toJSON = () => undefined; throw 1', 'INVALID'],
  ["Object.prototype.toJSON = () => ({ ok: 'x'.repeat(3e6) }); throw 1", 'INVALID'],
  ["Object.prototype.text = '1'; return () => 1", 'INVALID'],
] as const;
for (const [source, code] of EVALUATIONS) {
  test(`evaluated text cannot break its caller: ${source}`, async () => {
    const body = `try { await $cloister.call('evaluate', { source: ${JSON.stringify(source)}, scope: {} }); return 'answered'; }
      catch (error) { return error.code; }`;
    assert.is(outputOf(await run(body)), code);
  });
}

test('a question that is no object is a bad argument, and a limit may have any size', async () => {
  const ask = (args: string) =>
    run(`try { return await $cloister.call('evaluate', ${args}); } catch (error) { return error.code; }`);
  assert.is(outputOf(await ask('null')), 'BAD_ARGUMENT');
  assert.is(outputOf(await ask("{ source: '1 + 1', scope: {}, timeoutMs: 100.5 }")), 2);
  assert.is(outputOf(await ask("{ source: '1 + 1', scope: {}, timeoutMs: 1000 }")), 2);
});

test('evaluated text that cannot be stopped does not outlive its run: the cell ends', async () => {
  const own = openRig({ spare: false });
  const body =
    "$cloister.call('evaluate', { source: 'Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)', scope: {}, timeoutMs: 50 }).catch(() => 0); await new Promise((done) => setTimeout(done, 500)); return 1;";
  const first = await own.run(`async function main() { ${body} }`);
  assert.is(outputOf(first), 1);
  const limit = performance.now() + 8000;
  while (own.sandbox.stats().kills === 0 && performance.now() < limit)
    await new Promise((done) => setTimeout(done, 50));
  assert.is(own.sandbox.stats().kills, 1);
  assert.is(outputOf(await own.run('async function main() { return 2; }')), 2);
  await own.sandbox.close();
});

test.run();
