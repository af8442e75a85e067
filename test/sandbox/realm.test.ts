import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bundleOf, codeOf, openRig, outputOf } from './rig.ts';

const test = suite("a script's realm");
const rig = openRig();

test.after(() => rig.sandbox.close());

const run = async (source: string): Promise<unknown> => outputOf(await rig.run(source, { env: { GRANTED: 'yes' } }));

test('SBX-01 function constructors reach the guest realm only', async () => {
  const source = `async function main() {
    const makers = [function () {}, async function () {}, function* () {}, async function* () {}].map((f) => f.constructor);
    return makers.map((make) => { try { const p = make('return typeof process === "object" ? Object.keys(process) : null')(); return p; } catch (e) { return String(e); } })
      .map((v) => Array.isArray(v) ? v : typeof v);
  }`;
  assert.equal(await run(source), [['env'], 'object', 'object', 'object']);
});

test('SBX-01 of process there is a frozen env with the granted variables, and nothing else', async () => {
  const source = `async function main() {
    let threw = 0; for (const f of [() => { process.env.A = 1; }, () => { process.x = 1; }]) { try { f(); } catch { threw++; } }
    return [Object.getOwnPropertyNames(process), { ...process.env }, process.env.toString === undefined, process.binding, threw];
  }`;
  assert.equal(await run(source), [['env'], { GRANTED: 'yes' }, true, null, 2]);
});

test('SBX-02 require, module, global and Buffer do not exist', async () => {
  const source = `async function main() {
    return ['require', 'module', 'exports', 'global', 'Buffer', '__dirname', 'setImmediate', 'performance', 'WebSocket', 'ivm', '$exports']
      .map((name) => { try { return (0, eval)('typeof ' + name); } catch (e) { return String(e); } });
  }`;
  assert.equal(new Set((await run(source)) as string[]), new Set(['undefined']));
});

test('SBX-03 import() of anything rejects', async () => {
  const source = `async function main() {
    const names = ['fs', 'node:child_process', 'data:text/javascript,export default 1', 'file:///etc/passwd', './x.js'];
    return Promise.all(names.map((name) => (0, eval)('import(' + JSON.stringify(name) + ')').then(() => 'loaded', (e) => e instanceof Error)));
  }`;
  assert.equal(await run(source), [true, true, true, true, true]);
});

/** Every name of the global object. A new engine version that brings another one fails here, to be judged. */
const GLOBALS =
  'AbortController AbortSignal AggregateError Array ArrayBuffer AsyncDisposableStack BigInt BigInt64Array BigUint64Array Boolean DOMException DataView Date DisposableStack Error EvalError Event EventTarget Float16Array Float32Array Float64Array Function Headers Infinity Int16Array Int32Array Int8Array Intl Iterator JSON Map Math NaN Number Object Promise Proxy RangeError ReferenceError Reflect RegExp Response Set String SuppressedError Symbol SyntaxError TextDecoder TextEncoder TypeError URIError URL URLSearchParams Uint16Array Uint32Array Uint8Array Uint8ClampedArray WeakMap WeakRef WeakSet atob btoa clearInterval clearTimeout console crypto decodeURI decodeURIComponent encodeURI encodeURIComponent escape eval fetch globalThis isFinite isNaN parseFloat parseInt process queueMicrotask setInterval setTimeout structuredClone undefined unescape';

test('SBX-04 the names on globalThis are the ones that were judged', async () => {
  assert.is(
    await run('async function main() { return Reflect.ownKeys(globalThis).map(String).sort().join(" "); }').then(
      (names) => String(names).replace(' Symbol(Symbol.toStringTag)', ''),
    ),
    GLOBALS,
  );
});

test('SBX-05 nothing reachable is a handle of isolated-vm', async () => {
  const source = `async function main() {
    for (const name of Object.getOwnPropertyNames(globalThis)) { try { void globalThis[name]; } catch {} }
    const seen = new Set(), odd = [];
    const queue = [[globalThis, 'globalThis'], [$cloister, 'core'], [await $cloister.call('fhir.read', {}), 'answer'], [$cloister.call('fhir.read', {}), 'promise']];
    const names = ['Reference', 'ExternalCopy', 'Callback', 'Isolate', 'Context', 'Module', 'Dereference', 'NativeModule', 'Script'];
    while (queue.length > 0) {
      const [value, path] = queue.pop();
      if ((typeof value !== 'object' && typeof value !== 'function') || value === null || seen.has(value)) continue;
      seen.add(value);
      const name = typeof value === 'function' ? value.name : value.constructor?.name;
      if (names.includes(name) || ['applySync', 'derefInto', 'applyIgnored', 'copySync', 'evalSync'].some((key) => { try { return key in value; } catch { return false; } })) odd.push(path);
      queue.push([Object.getPrototypeOf(value), path + '.__proto__']);
      for (const key of Reflect.ownKeys(value)) {
        const d = Object.getOwnPropertyDescriptor(value, key);
        if (!d) continue;
        for (const part of [d.value, d.get, d.set]) queue.push([part, path + '.' + String(key)]);
      }
    }
    return { seen: seen.size > 500, odd };
  }`;
  const outcome = await rig.run(source, { limits: { cpuMs: 8_000 } });
  assert.equal(outputOf(outcome), { seen: true, odd: [] });
});

test('SBX-06 call sites show guest frames only, and no function of the bridge', async () => {
  const source = `async function main() {
    Error.stackTraceLimit = Infinity;
    Error.prepareStackTrace = (error, sites) => sites.map((s) => [String(s.getFileName()), typeof s.getFunction(), typeof s.getThis()]);
    const sites = [];
    sites.push(...new Error('x').stack);
    $cloister.call('fhir.read', { toJSON() { sites.push(...new Error('y').stack); return 1; } });
    try { await $cloister.call('x', {}); } catch (e) { if (Array.isArray(e.stack)) sites.push(...e.stack); }
    return sites;
  }`;
  const sites = (await run(source)) as [string, string, string][];
  assert.ok(sites.length > 2);
  for (const [file, fn, self] of sites) {
    assert.ok(['bundle', 'cloister:prelude', 'null', 'undefined'].includes(file), file);
    if (file !== 'bundle') assert.equal([fn, self], ['undefined', 'undefined']);
  }
});

test('SBX-07 a stack overflow around a call stays in the guest realm', async () => {
  const source = `async function main() {
    const dig = () => { try { return dig(); } catch (e) { try { $cloister.call('fhir.read', { a: 1 }).catch(() => 0); } catch (f) { return f.constructor === RangeError; } return e.constructor === RangeError && e.constructor.constructor === Function; } };
    return dig();
  }`;
  assert.is(await run(source), true);
});

test('SBX-08 SBX-09 no WebAssembly, shared memory, Atomics or finalizers, also not by way of others', async () => {
  const source = `async function main() {
    const names = ['WebAssembly', 'SharedArrayBuffer', 'Atomics', 'FinalizationRegistry'];
    const buffer = new Uint8Array(8).buffer;
    return [names.map((n) => typeof globalThis[n] + n in globalThis), buffer.constructor === ArrayBuffer, new buffer.constructor(4, { maxByteLength: 99 }).maxByteLength === undefined,
      ArrayBuffer.isView(new DataView(buffer)), buffer.slice(0, 4).byteLength, class extends ArrayBuffer {}.name, buffer instanceof ArrayBuffer, typeof Temporal];
  }`;
  assert.equal(await run(source), [[false, false, false, false], true, true, true, 4, '', true, 'undefined']);
});

test('SBX-10 nothing of one run is there in the next one of the same cell', async () => {
  const plant =
    'async function main() { globalThis.planted = 1; Array.prototype.planted = 1; Object.prototype.then = undefined; Promise.prototype.then = () => 0; }';
  await rig.run(plant);
  await rig.run('let count = 0; async function main() { return ++count; }');
  const look = 'let count = 0; async function main() { return [typeof planted, [].planted, "then" in {}, ++count]; }';
  assert.equal(await run(look), ['undefined', null, false, 1]);
  assert.equal(await run(look), ['undefined', null, false, 1]);
  assert.is(rig.sandbox.stats().cells.length, 1);
});

test('SBX-11 eval and new Function work and stay inside', async () => {
  assert.equal(
    await run(
      'async function main() { return [eval("1 + 1"), new Function("a", "return a * 2")(4), (0, eval)("this") === globalThis]; }',
    ),
    [2, 8, true],
  );
});

test('SBX-12 ordinary modern script works', async () => {
  const source = `class A { #x = 1; static { A.made = true; } get x() { return this.#x; } }
  function* numbers() { yield 1; yield 2; }
  async function* later() { yield 3; }
  async function main(p) {
    const out = [];
    for await (const n of later()) out.push(n);
    const { year } = /(?<year>\\d{4})/.exec('in 2026').groups;
    return { a: new A().x, made: A.made, n: [...numbers()], out, big: String(2n ** 64n), year, intl: new Intl.NumberFormat('en-US').format(1234.5), sorted: [3, 1, 2].toSorted(), opt: p?.x ?? 'none', group: Object.groupBy([1, 2, 3], (n) => n % 2 ? 'odd' : 'even') };
  }`;
  assert.equal(await run(source), {
    a: 1,
    made: true,
    n: [1, 2],
    out: [3],
    big: '18446744073709551616',
    year: '2026',
    intl: '1,234.5',
    sorted: [1, 2, 3],
    opt: 'none',
    group: { odd: [1, 3], even: [2] },
  });
});

test('a script cannot forge its outcome or anything of the host by what it leaves in its realm', async () => {
  const outcome = await rig.run(
    'async function main() { Object.prototype.ok = true; Object.prototype.output = "1"; throw new Error("x"); }',
  );
  assert.is(codeOf(outcome), 'SCRIPT_ERROR');
});

test('SBX-02 what starts a script is gone before its first line, and no frame of a stack leads to it', async () => {
  const source = `const before = [typeof $start, '$start' in globalThis, Object.getOwnPropertyDescriptor(globalThis, '$start')];
  async function main() {
    Error.prepareStackTrace = (_e, frames) => frames.map((f) => [f.getFunction(), f.getThis()]);
    const frames = new Error('x').stack;
    return [...before, typeof $start, frames.length > 2, frames.flat().filter((part) => part !== undefined && part !== null).length];
  }`;
  assert.equal(await run(source), ['undefined', false, null, 'undefined', true, 0]);
});

test('a bundle that is more than one function gets no more than that function would', async () => {
  const raw = (code: string) => rig.runBundle({ ...bundleOf(code), code }, { limits: { wallMs: 1_000 } });
  const beside = await raw(
    '(function () { return { main: async () => globalThis.seen }; }), globalThis.seen = [typeof $start, typeof $cloister, process.env, typeof process.env]',
  );
  assert.equal(outputOf(beside), ['undefined', 'undefined', {}, 'object']);
  const twice = await raw(
    '(function () { return { main: async () => 1 }; })); let again; try { $start(() => 0); } catch (e) { again = e.name; } (again',
  );
  assert.is(outputOf(twice), 1);
  const hoisted = await raw('(function () { return { main: async () => 2 }; })); function $start() { return 3; } (0');
  assert.is(codeOf(hoisted), 'SCRIPT_WALL');
});

test('an isolate that was made ahead has the settings of the run that gets it', async () => {
  const source = `async function main(p) { return [p.n, process.env.V, $cloister.env.V, $cloister.run.id, Object.isFrozen(process), Math.random() === Math.random()]; }`;
  for (const n of [1, 2, 3]) {
    const startedAt = '2026-01-02T03:04:05.678Z';
    const info = { id: `run-${n}`, workflow: 'w', activity: 'a', attempt: 1, startedAt, deterministic: n === 2 };
    const outcome = await rig.run(source, { params: `{"n":${n}}`, env: { V: `v${n}` }, run: info });
    assert.equal(outputOf(outcome), [n, `v${n}`, `v${n}`, `run-${n}`, true, false]);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
});

/** Puts an ear into every function of the language that a script can replace. */
const LISTEN = `let isOn = true; const heard = new Set(); const { apply, ownKeys, getOwnPropertyDescriptor, defineProperty } = Reflect; const add = Set.prototype.add;
  const listen = (value) => { if (isOn && (typeof value === 'object' || typeof value === 'function') && value !== null) apply(add, heard, [value]); };
  const bug = (holder) => { for (const key of ownKeys(holder)) {
    const { value, writable, configurable } = getOwnPropertyDescriptor(holder, key) ?? {};
    if (typeof value !== 'function' || !(writable || configurable) || key === 'constructor') continue;
    const spy = { [String(key)](...args) { listen(this); for (let i = 0; i < args.length; i++) listen(args[i]); const out = apply(value, this, args); listen(out); return out; } };
    try { defineProperty(holder, key, { value: spy[String(key)] }); } catch {}
  } };`;

test('a library that is loaded late hands nothing of the bridge to a realm that listens', async () => {
  const source = `${LISTEN} async function main() {
    for (const of of [Object, Function, Array, Reflect, Promise, Map, Set, WeakMap, Symbol, String, Uint8Array, Error]) { if (of !== Reflect) bug(of.prototype); bug(of); }
    bug(Object.getPrototypeOf(Uint8Array)); bug(Object.getPrototypeOf(Uint8Array).prototype);
    for (const name of ['URL', 'TextEncoder', 'structuredClone', 'DOMException', 'AbortSignal', 'fetch', 'crypto']) void globalThis[name];
    crypto.randomUUID(); const done = AbortSignal.timeout(1); fetch('https://x.example').catch(() => 0); new URL('https://a/b').searchParams.get('x');
    await new Promise((resolve) => setTimeout(resolve, 5));
    isOn = false; const found = []; let functions = 0;
    for (const value of heard) {
      if (typeof value === 'function') functions++;
      for (const name of ['fire', 'follow', 'answer', 'isCalling', 'open', 'complete', 'begin', 'deliver']) if (Object.hasOwn(value, name)) found.push(name);
      if (typeof value === 'function' && /"(un)?timer"|"done"/.test(Function.prototype.toString.call(value))) found.push('post');
    }
    return [heard.size > 50 && functions > 5, found, done.aborted];
  }`;
  const outcome = await rig.run(source, { limits: { cpuMs: 8_000 } });
  assert.equal(outputOf(outcome), [true, [], true]);
});

test.run();
