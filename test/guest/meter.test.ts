// timeout: 90
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { QuickJS } from 'quickjs-wasi';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FUEL_PER_STEP, TOO_DEEP } from '../../host/temporal/guest/meter/limits.ts';
import { meter } from '../../host/temporal/guest/meter/meter.ts';
import { fuelOf, settings, shipped, startEngine } from './engine.ts';

const test = suite('meter');
const bytes = meter(shipped);
const metered = new WebAssembly.Module(bytes);
const BUDGET = 80n * FUEL_PER_STEP;

/** Each is one second's work or more for the engine, and most of it between two looks at its interrupt handler. */
const HOGS = {
  'a loop': 'for (let i = 0; i < 1e7; i++);',
  'a search in an array': 'const a = new Array(1e6).fill(0); for (let i = 0; i < 200; i++) a.indexOf(1)',
  'a search in what says it is long': 'Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)',
  'a search in text': 'const a = "x".repeat(1e6); for (let i = 0; i < 100; i++) a.includes("xxy")',
  'products of BigInts': 'const b = 3n ** 200000n; for (let i = 0; i < 200; i++) b * b',
  'quotients of BigInts': 'const b = 3n ** 200000n, c = 7n ** 30000n; for (let i = 0; i < 200; i++) b / c',
  'a BigInt as text': 'const b = 3n ** 100000n; for (let i = 0; i < 50; i++) b.toString()',
  'a regular expression': '/^(a+)+$/.test("a".repeat(28) + "b")',
  sorting:
    'const a = Array.from({ length: 2e5 }, (_, i) => (i * 7919) % 200003); for (let i = 0; i < 50; i++) [...a].sort()',
  'sorting of numbers':
    'const a = new Float64Array(1e6).map((_, i) => (i * 7919) % 1000003); for (let i = 0; i < 10; i++) a.slice().sort()',
  JSON: 'const o = Array.from({ length: 3e4 }, (_, a) => ({ a })); for (let i = 0; i < 100; i++) JSON.parse(JSON.stringify(o))',
  'building of text': 'for (let i = 0; i < 100; i++) "abc".repeat(3e6)',
  'filling of memory': 'const a = new Uint8Array(2e7); for (let i = 0; i < 5000; i++) a.fill(i)',
  'copying of memory': 'const a = new Uint8Array(2e7); for (let i = 0; i < 5000; i++) a.copyWithin(0, 1e7)',
  'joining of nothing': 'const a = new Array(1e6); for (let i = 0; i < 50; i++) a.join("")',
  'collecting garbage':
    'const k = Array.from({ length: 8e4 }, (_, i) => [i]); for (let i = 0; i < 1e7; i++) { const o = {}; o.o = o }',
  compiling: 'const s = "function f(a) { return a + 1 };".repeat(2000); for (let i = 0; i < 1000; i++) eval(s)',
  'promises without an end': 'let left = 1e7; const f = () => left-- > 0 && Promise.resolve().then(f); f()',
};

/** Runs a script in an engine of its own with so much fuel, with the jobs it leaves. */
async function spend(code: string, fuel: bigint): Promise<{ used: bigint; thrown: unknown }> {
  const engine = await startEngine(metered);
  const tank = fuelOf(engine);
  assert.ok(tank);
  tank.value = fuel;
  let thrown: unknown = null;
  try {
    engine.evalCode(code).dispose();
    engine.executePendingJobs();
  } catch (error) {
    thrown = error;
  }
  return { used: fuel - tank.value, thrown };
}

for (const [what, code] of Object.entries(HOGS)) {
  test(`${what} traps where its fuel is spent, within 3 s`, async () => {
    const from = performance.now();
    const { used, thrown } = await spend(code, BUDGET);
    const took = performance.now() - from;
    assert.instance(thrown, WebAssembly.RuntimeError);
    assert.match(String(thrown), /unreachable/);
    assert.ok(used > BUDGET, 'it trapped with fuel left');
    assert.ok(took < 3000, `it took ${took} ms`);
  });
}

/** Runs scripts one after the other in a thread like Temporal's: how each ended, and the fuel it left. */
async function inThread(...codes: readonly string[]): Promise<readonly { thrown: string; left: bigint }[]> {
  const thread = new Worker(new URL('./deep.ts', import.meta.url), {
    workerData: { bytes, codes, fuel: 100n * BUDGET },
  });
  const [outcomes] = await once(thread, 'message');
  await thread.terminate();
  return outcomes;
}

test('recursion that the engine does not guard ends at the limit of its stack, not at that of the thread', async () => {
  const deep = (helper: string) => `let it = [1].values(); for (let i = 0; i < 5e4; i++) it = it.${helper}; it.next()`;
  for (const { thrown, left } of await inThread(deep('map((x) => x)'), deep('take(5)'), deep('filter(() => true)'))) {
    assert.match(thrown, /^RuntimeError: unreachable/);
    assert.is(left, TOO_DEEP);
  }
});

test('recursion that the engine guards is an error which a script can catch', async () => {
  const codes = [
    'function f() { return f() + 1 } f()',
    'JSON.parse("[".repeat(1e6))',
    'let a = []; for (let i = 0; i < 1e5; i++) a = [a]; JSON.stringify(a)',
    'let p = {}; for (let i = 0; i < 1e5; i++) p = new Proxy(p, {}); p.x',
    'eval("(".repeat(1e5) + "1" + ")".repeat(1e5))',
    'new RegExp("(?:".repeat(1e5) + ")".repeat(1e5))',
  ];
  const caught = codes.map(
    (code) => `let deep = ''; try { ${code} } catch (e) { deep = e.message } if (!/stack/.test(deep)) throw deep`,
  );
  for (const { thrown } of await inThread(...caught)) assert.is(thrown, '');
});

test('a script cannot catch the trap, and nothing runs afterwards until there is more fuel', async () => {
  const engine = await startEngine(metered);
  const tank = fuelOf(engine);
  assert.ok(tank);
  tank.value = BUDGET;
  const code = 'globalThis.seen = 0; for (;;) { try { for (;;); } catch { seen = 1 } finally { seen = 2 } }';
  assert.throws(() => engine.evalCode(code), /unreachable/);
  assert.throws(() => engine.evalCode('1'), /unreachable/);
});

test('a host function in between cannot make an error of a trap which a script could catch', async () => {
  const engine = await startEngine(metered);
  const tank = fuelOf(engine);
  assert.ok(tank);
  tank.value = BUDGET;
  engine
    .newFunction('within', () => engine.evalCode('for (;;);'))
    .consume((within) => engine.setProp(engine.global, 'within', within));
  assert.throws(() => engine.evalCode('try { within() } catch { }'), /unreachable/);
  const deep = 'let it = [1].values(); for (let i = 0; i < 5e4; i++) it = it.take(1); it.next()';
  const [outcome] = await inThread(`try { within(${JSON.stringify(deep)}) } catch { }`);
  assert.match(outcome?.thrown ?? '', /unreachable/);
});

test('the binary that is not metered runs the same script to its end', async () => {
  const code = 'let n = 0; for (let i = 0; i < 1e6; i++) n += i; n';
  const plain = await startEngine(new WebAssembly.Module(shipped));
  assert.is(fuelOf(plain), null);
  assert.is(
    plain.evalCode(code).consume((n) => n.toNumber()),
    499_999_500_000,
  );
  assert.instance((await spend(code, 50_000_000n)).thrown, WebAssembly.RuntimeError);
  assert.is((await spend(code, 10n * BUDGET)).thrown, null);
});

test('an instance that nobody gave fuel starts, and ends by itself', async () => {
  const engine = await startEngine(metered);
  assert.throws(() => engine.evalCode('for (;;);'), /unreachable/);
});

const HONEST = `
  const seen = new Map();
  for (let i = 0; i < 2e4; i++) seen.set('k' + (i % 977), { i, text: JSON.stringify([i, 'x'.repeat(i % 50)]) });
  const o = []; for (let i = 0; i < 3e4; i++) { const c = {}; c.c = c; o.push(c) }
  [...seen.values()].sort((a, b) => a.text < b.text ? -1 : 1).map(({ text }) => text.replace(/x+/g, 'y')).join().length
    + Number(3n ** 2000n % 1000003n) + Math.sin(1)`;

test('the same script takes exactly the same fuel, run after run and instance after instance', async () => {
  const first = await spend(HONEST, 100n * BUDGET);
  assert.is(first.thrown, null);
  assert.ok(first.used > 100_000_000n);
  for (let i = 0; i < 3; i++) assert.is((await spend(HONEST, 100n * BUDGET)).used, first.used);
});

test('an engine that was brought back from a snapshot takes the fuel that the first one takes', async () => {
  const engine = await startEngine(metered);
  const [before] = [fuelOf(engine)];
  assert.ok(before);
  engine.evalCode('globalThis.kept = []; for (let i = 0; i < 1e4; i++) kept.push({ i })').dispose();
  const snapshot = engine.snapshot();
  const code = `kept.length = 5e3; ${HONEST}`;
  before.value = 100n * BUDGET;
  engine.evalCode(code).dispose();
  const back = await QuickJS.restore(snapshot, settings(metered));
  const after = fuelOf(back);
  assert.ok(after);
  after.value = 100n * BUDGET;
  back.evalCode(code).dispose();
  assert.is(after.value, before.value);
});

test('the same binary gives the same bytes, and they are a valid module', () => {
  assert.ok(WebAssembly.validate(bytes));
  assert.equal(Buffer.compare(meter(shipped), bytes), 0);
});

test('what is no module, a part of one, or metered already is refused', () => {
  const refused = (wasm: Uint8Array<ArrayBuffer>, why: RegExp) => assert.throws(() => meter(wasm), why);
  refused(new Uint8Array(), /no valid WebAssembly module/);
  refused(new TextEncoder().encode('module.exports = 1'), /no valid WebAssembly module/);
  refused(shipped.slice(0, 300_000), /no valid WebAssembly module/);
  refused(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0), /has no section/);
  refused(bytes, /already exports/);
});

test('a module that uses what the meter does not know is refused by name', () => {
  // (module (import "" "" (func)) (global i32 (i32.const 0)) (export "__stack_pointer" (global 0)) (func (v128.const 0) drop))
  const vectors = Uint8Array.of(
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...[1, 4, 1, 0x60, 0, 0],
    ...[2, 5, 1, 0, 0, 0, 0],
    ...[3, 2, 1, 0],
    ...[6, 6, 1, 0x7f, 0, 0x41, 0, 0x0b],
    ...[7, 19, 1, 15, ...new TextEncoder().encode('__stack_pointer'), 3, 0],
    ...[10, 23, 1, 21, 0, 0xfd, 0x0c, ...new Array(16).fill(0), 0x1a, 0x0b],
  );
  assert.throws(() => meter(vectors), /does not know instruction 0xfd at 1/);
});

test.run();
