import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { answerCall } from '../../sandbox/call.ts';
import { createBridge } from '../../sandbox/guest/bridge.ts';
import { DEFAULT_LIMITS } from '../../sandbox/index.ts';
import { codeOf, openRig, outputOf } from './rig.ts';

const test = suite('bridge');
const rig = openRig();

test.after(() => rig.sandbox.close());

/** Calls and tells what came of it, as text. */
const TRY =
  'async function attempt(f) { try { return await f(); } catch (e) { return [e instanceof Error, e.code + ":", e.message].join(" "); } }';

test('BRG-01 options planted on Object.prototype change nothing: plain JSON comes back', async () => {
  const source = `async function main() {
    const answers = [];
    for (const name of ['reference', 'externalCopy', 'copy', 'promise', 'timeout', 'ignored', 'result', 'arguments']) {
      for (const plant of [{ value: true }, { get() { return true; } }]) {
        Object.defineProperty(Object.prototype, name, { ...plant, configurable: true });
        const answer = await $cloister.call('fhir.read', { id: 'x' });
        delete Object.prototype[name];
        answers.push([typeof answer, Object.getPrototypeOf(answer) === Object.prototype, answer.method]);
      }
    }
    return answers;
  }`;
  const answers = outputOf(await rig.run(source)) as unknown[][];
  assert.is(answers.length, 16);
  for (const answer of answers) assert.equal(answer, ['object', true, 'fhir.read']);
});

test('BRG-02 poisoned primordials capture nothing of the bridge', async () => {
  const source = `async function main() {
    const caught = [];
    const spy = (name) => function (...args) { caught.push([name, ...args.map((a) => typeof a)]); throw new Error('poison'); };
    const promise = new Promise((resolve, reject) => { globalThis.done = resolve; });
    const call = $cloister.call;
    const then = Promise.prototype.then, join = Array.prototype.join;
    Function.prototype.apply = spy('apply'); Function.prototype.call = spy('call'); Function.prototype.bind = spy('bind');
    Reflect.apply = spy('Reflect.apply'); Reflect.construct = spy('Reflect.construct');
    JSON.parse = spy('parse'); JSON.stringify = spy('stringify');
    Object.defineProperty = spy('defineProperty'); Object.create = spy('create');
    Array.prototype.push = spy('push'); Map.prototype.get = spy('get'); Map.prototype.set = spy('set');
    Object.defineProperty.call;
    String.prototype.slice = spy('slice');
    Object.prototype.toJSON = undefined;
    Promise = spy('Promise');
    const answer = await call('fhir.read', { id: 'y' });
    return { method: answer.method, caught };
  }`;
  assert.equal(outputOf(await rig.run(source)), { method: 'fhir.read', caught: [] });
});

test('BRG-02 setters on Array.prototype and Object.prototype see no call that waits', async () => {
  const source = `async function main() {
    const caught = [];
    for (const key of ['0', '1', '11', 'next', 'id', 'resolve', 'method', 'args', 'text']) {
      Object.defineProperty(Object.prototype, key, { set(v) { caught.push(typeof v); }, get() { return undefined; }, configurable: true });
    }
    const answers = await Promise.all(Array.from({ length: 30 }, () => $cloister.call('fhir.read', null)));
    return [answers.length, caught.length];
  }`;
  assert.equal(outputOf(await rig.run(source)), [30, 0]);
});

test('BRG-03 an error of the host reaches the script as FAILED without its text', async () => {
  const source = `${TRY} async function main() { return attempt(() => $cloister.call('db.request', {})); }`;
  const secret = new TypeError('connect postgres://user:secret@10.0.0.1/db');
  for (const error of [
    secret,
    Object.assign(secret, { code: 'ECONNREFUSED' }),
    'secret',
    { code: 'DENIED', message: 'secret' },
  ]) {
    const outcome = await rig.run(source, { call: () => Promise.reject(error) });
    assert.is(outputOf(outcome), 'true FAILED: db.request failed');
  }
});

test('BRG-03 a refusal of a capability keeps its code and message, and no stack of the host', async () => {
  const source = `async function main() { try { await $cloister.call('db.request', {}); } catch (e) { return [e.code, e.message, e.stack, Object.keys(e)]; } }`;
  const outcome = await rig.run(source, {
    call: () => Promise.reject(Object.assign(new Error('not granted'), { code: 'DENIED', cause: 'secret' })),
  });
  const [code, message, stack, keys] = outputOf(outcome) as [string, string, string, string[]];
  assert.equal([code, message, keys], ['DENIED', 'not granted', ['code']]);
  assert.not.match(stack, /\/|node:|secret/);
});

test('BRG-04 keys that reach prototypes are refused, and the host stays clean', async () => {
  const source = `${TRY} async function main() {
    return Promise.all(['{"__proto__":{"admin":true}}', '{"a":[{"constructor":{"prototype":{"admin":true}}}]}', '{"prototype":1}']
      .map((text) => attempt(() => $cloister.call('fhir.create', JSON.parse(text)))));
  }`;
  const answers = outputOf(await rig.run(source)) as string[];
  for (const answer of answers) assert.match(answer, /^true BAD_ARGUMENT/);
  assert.is(Reflect.get({}, 'admin'), undefined);
});

test('BRG-05 only JSON crosses: anything that would be lost is BAD_ARGUMENT, the rest is converted', async () => {
  const source = `${TRY} async function main() {
    const bad = [() => 1, Symbol('s'), 1n, NaN, Infinity, new Map([[1, 2]]), new Set([1]), Promise.resolve(1)];
    const good = [{ get a() { return 1; } }, new Proxy({ a: 1 }, {}), new (class { a = 1; })(), new Date(0), new Error('x'), -0, '\\ud800', [undefined], { u: undefined }];
    const one = async (v) => { const r = await attempt(() => $cloister.call('fhir.create', { v })); return typeof r === 'string' ? r.slice(0, 17) : JSON.stringify(r.args); };
    return [await Promise.all(bad.map(one)), await Promise.all(good.map(one))];
  }`;
  const [bad, good] = outputOf(await rig.run(source)) as [string[], string[]];
  assert.equal(new Set(bad), new Set(['true BAD_ARGUMENT']));
  assert.equal(good, [
    '{"v":{"a":1}}',
    '{"v":{"a":1}}',
    '{"v":{"a":1}}',
    '{"v":"1970-01-01T00:00:00.000Z"}',
    '{"v":{}}',
    '{"v":0}',
    '{"v":"\\ud800"}',
    '{"v":[null]}',
    '{"v":{}}',
  ]);
});

test('BRG-06 BRG-07 BRG-08 cycles, depth and size are refused inside the isolate', async () => {
  const source = `${TRY} async function main() {
    const cycle = {}; cycle.self = cycle;
    let deep = []; for (let i = 0; i < 1e6; i++) deep = [deep];
    let nested = 1; for (let i = 0; i < 1000; i++) nested = { nested };
    const shapes = [cycle, deep, nested, 'x'.repeat(500e6), ['x'.repeat(6e5), 'y'.repeat(6e5)], 'é'.repeat(6e5)];
    return Promise.all(shapes.map((v) => attempt(() => $cloister.call('fhir.create', { v })).then((t) => t.slice(0, 17))));
  }`;
  const before = rig.calls.length;
  assert.equal(outputOf(await rig.run(source, { limits: { cpuMs: 8_000 } })), [
    'true BAD_ARGUMENT',
    'true TOO_DEEP: fh',
    'true TOO_DEEP: th',
    'true TOO_LARGE: f',
    'true TOO_LARGE: f',
    'true TOO_LARGE: t',
  ]);
  assert.is(rig.calls.length, before);
});

test('BRG-09 calls without await are capped: at most inFlight at once, at most calls in all', async () => {
  let open = 0;
  let most = 0;
  const outcome = await rig.run(
    `${TRY} async function main() {
      const all = await Promise.all(Array.from({ length: 200 }, (_, i) => attempt(() => $cloister.call('http.fetch', { i }))));
      return [all.filter((a) => typeof a === 'object').length, all.at(-1)];
    }`,
    {
      limits: { calls: 50, inFlight: 4 },
      call: async (_method, args) => {
        most = Math.max(most, ++open);
        await new Promise((resolve) => setTimeout(resolve, 1));
        open--;
        return args;
      },
    },
  );
  assert.equal(outputOf(outcome), [50, 'true TOO_MANY_CALLS: a run may make 50 calls']);
  assert.is(most, 4);
});

test('BRG-09 a million log lines without await end as the limit says, and the run goes on', async () => {
  rig.lines.length = 0;
  const outcome = await rig.run(
    'async function main() { for (let i = 0; i < 1e6; i++) console.log(i); return "on"; }',
    {
      limits: { logLines: 20, cpuMs: 5_000 },
    },
  );
  assert.is(outputOf(outcome), 'on');
  assert.is(rig.lines.length, 21);
  assert.match(rig.lines.at(-1)?.message ?? '', /^LOG_LIMIT/);
});

test('BRG-10 whatever is thrown becomes SCRIPT_ERROR with a safe text', async () => {
  for (const thrown of [
    'undefined',
    'null',
    '42',
    '"s"',
    '{}',
    'Symbol("q")',
    '() => 1',
    'Object.create(null)',
    'new Proxy({}, { get() { throw 1; } })',
  ]) {
    for (const source of [
      `async function main() { throw ${thrown}; }`,
      `function main() { return Promise.reject(${thrown}); }`,
    ]) {
      const outcome = await rig.run(source);
      assert.is(codeOf(outcome), 'SCRIPT_ERROR', thrown);
      assert.not.match(outcome.ok ? '' : outcome.error.message, /could not be entered/);
    }
  }
});

test('the code of an uncaught refusal comes out with the error', async () => {
  const outcome = await rig.run('async function main() { await $cloister.call("fhir.read", {}); }', {
    call: () => Promise.reject(Object.assign(new Error('no such resource'), { code: 'NOT_FOUND' })),
  });
  assert.equal(outcome.ok ? null : outcome.error.thrownCode, 'NOT_FOUND');
});

test('BRG-12 names that an object has by itself are UNKNOWN_METHOD and reach no capability', async () => {
  const before = rig.calls.length;
  const source = `${TRY} async function main() {
    return Promise.all(['constructor', 'toString', '__proto__', 'then', 'hasOwnProperty', 'fhir', '', 'fhir.read.x', 'a'.repeat(100)]
      .map((name) => attempt(() => $cloister.call(name, {}))));
  }`;
  const answers = outputOf(await rig.run(source)) as string[];
  for (const answer of answers) assert.match(answer, /^true UNKNOWN_METHOD/);
  assert.is(rig.calls.length, before);
});

test('BRG-13 ordinary keys with famous names survive the round trip', async () => {
  const params = '{"toString":1,"hasOwnProperty":{"then":"x"},"then":[1],"valueOf":null}';
  const source = `async function main(p) { return (await $cloister.call('fhir.create', p)).args; }`;
  assert.equal(outputOf(await rig.run(source, { params })), JSON.parse(params));
});

test('BRG-15 BRG-16 a log line is one capped record with its controls escaped', async () => {
  rig.lines.length = 0;
  await rig.run(
    `async function main() { console.log('a\\n{"level":"error"}\\r\\u001b[31m\\u2028\\u202e'); $cloister.log('warn', 'x'.repeat(1e7), { a: '\\n' }); }`,
  );
  const [first, second] = rig.lines;
  assert.is(first?.message, 'a\\u000a{"level":"error"}\\u000d\\u001b[31m\\u2028\\u202e');
  assert.is(second?.message.length, 8192);
  assert.equal(second?.data, { a: '\\u000a' });
});

test('the host checks arguments itself: a cell that sends what it should not is refused', async () => {
  const request = { limits: DEFAULT_LIMITS, call: async () => 'called' };
  const { signal } = new AbortController();
  const answer = async (method: string, args: string) =>
    JSON.parse(await answerCall(request, { method, args }, signal, () => undefined));
  assert.is((await answer('fhir.read', '{')).err.code, 'BAD_ARGUMENT');
  assert.is((await answer('fhir.read', '['.repeat(1e5))).err.code, 'TOO_DEEP');
  assert.is((await answer('fhir.read', `"${'x'.repeat(2e6)}"`)).err.code, 'TOO_LARGE');
  assert.is((await answer('__proto__', '{}')).err.code, 'UNKNOWN_METHOD');
  assert.is((await answer('fhir.read', '{}')).ok, 'called');
});

test('before a run opens it the bridge of an isolate made ahead sends neither calls nor lines', async () => {
  const posted: unknown[] = [];
  const bridge = createBridge((...message) => posted.push(message));
  bridge.log('info', 'early', { a: 1 });
  const code = await bridge.call('fhir.read', {}).catch((error) => error.code);
  assert.equal([code, posted], ['TOO_MANY_CALLS', []]);
  bridge.open({ calls: 1, inFlight: 1, argBytes: 100, logLines: 1 });
  void bridge.call('fhir.read', {});
  assert.equal(posted, [['call', 0, 'fhir.read', '{}']]);
});

test('bundles of any length run the same, new and from their compiled form', async () => {
  const sources = [10, 100_000, 400_000].map((size) => `/*${'x'.repeat(size)}*/ async function main() { return 1; }`);
  for (const source of [...sources, ...sources, ...sources]) assert.is(outputOf(await rig.run(source)), 1);
});

test.run();
