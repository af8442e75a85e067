import { spawn } from 'node:child_process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeFrame, FrameReader } from '../../sandbox/frames.ts';
import { DEFAULT_LIMITS } from '../../sandbox/index.ts';
import { cellWalls } from '../../sandbox/process.ts';
import { loadSources } from '../../sandbox/source.ts';
import { bundleOf, openRig, outputOf } from './rig.ts';

const test = suite('deterministic runs');

// What the machine around a cell is set to must not show in it.
process.env.TZ = 'Asia/Tokyo';
process.env.LANG = 'de_DE.UTF-8';
process.env.LC_ALL = 'de_DE.UTF-8';

const rig = openRig();

test.after(() => rig.sandbox.close());

const STARTED = '1999-12-31T23:59:59.990Z';

const info = (over = {}) => ({
  ...{ id: 'run-1', workflow: 'w', activity: 'a', attempt: 1, startedAt: STARTED, deterministic: true },
  ...over,
});

const run = async (body: string, who = {}, over = {}): Promise<unknown> => {
  const source = `const sleep = (ms) => new Promise((r) => setTimeout(r, ms));\nasync function main(p) { ${body} }`;
  return outputOf(await rig.run(source, { run: info(who), ...over }));
};

/** A bit of everything that could differ between two runs. */
const SAMPLE = `const out = [Date.now(), new Date(), Date(), new Intl.DateTimeFormat('en', { dateStyle: 'full', timeStyle: 'full' }).format()];
  out.push(new Intl.DateTimeFormat().formatToParts().map((part) => part.value).join(''), new Date().toLocaleString());
  out.push(Math.random(), crypto.randomUUID(), [...crypto.getRandomValues(new Uint32Array(3))], Math.random());
  for (const ms of [7, 3, 5]) setTimeout((n) => out.push([n, Date.now(), Math.random()]), ms, ms);
  let ticks = 0; const every = setInterval(() => { out.push(['tick', Date.now()]); if (++ticks === 3) clearInterval(every); }, 2);
  await sleep(20);
  out.push(Date.now() - Date.parse(p.at ?? '${STARTED}'), new Error('x').stack, AbortSignal.timeout(3).aborted);
  return out;`;

test('two runs of the same run id and activity are the same to the last byte, in every attempt', async () => {
  const first = (await run(SAMPLE)) as unknown[];
  assert.equal(await run(SAMPLE), first);
  assert.equal(await run(SAMPLE, { attempt: 2 }), first);
  assert.equal(first.slice(0, 3), [
    Date.parse(STARTED),
    STARTED,
    'Fri Dec 31 1999 23:59:59 GMT+0000 (Coordinated Universal Time)',
  ]);
  assert.is(first.at(-3), 20);
});

test('another run, another activity and an ordinary run draw other values', async () => {
  const draws = 'return [Math.random(), crypto.randomUUID(), crypto.getRandomValues(new Uint32Array(1))[0]];';
  const all = [
    await run(draws),
    await run(draws, { id: 'run-2' }),
    await run(draws, { activity: 'b' }),
    await run(draws, { id: 'run', activity: '-1a' }),
    await run(draws, { deterministic: false }),
    await run(draws, { deterministic: false }),
  ] as unknown[][];
  for (const column of [0, 1, 2]) assert.is(new Set(all.map((row) => row[column])).size, all.length);
});

test('crypto and Math.random draw from streams that do not move each other', async () => {
  const [alone] = (await run('return [Math.random()];')) as unknown[];
  const [, after] = (await run('return [crypto.getRandomValues(new Uint8Array(999))[0], Math.random()];')) as unknown[];
  assert.is(after, alone);
});

test('the numbers of Math.random are spread evenly over [0, 1)', async () => {
  const counts = (await run(
    'const n = Array(10).fill(0); for (let i = 0; i < 20000; i++) n[Math.floor(Math.random() * 10)]++; return n;',
  )) as number[];
  assert.is(
    counts.reduce((sum, n) => sum + n),
    20_000,
  );
  for (const count of counts) assert.ok(Math.abs(count - 2000) < 300, String(counts));
});

test('timers fire in the order of the run’s own clock, however long the script takes in between', async () => {
  const spin = 'const spin = (n) => { let x = 0; for (let i = 0; i < n; i++) x += i % 7; return x; };';
  const body = (n: number) => `${spin} const out = []; setTimeout(() => out.push(['a', Date.now()]), 30); spin(${n});
    setTimeout(() => out.push(['b', Date.now()]), 5); setTimeout(() => out.push(['c', Date.now()]), 30); await sleep(30); return out;`;
  const start = Date.parse(STARTED);
  const expected = [
    ['b', start + 5],
    ['a', start + 30],
    ['c', start + 30],
  ];
  assert.equal(await run(body(1)), expected);
  assert.equal(await run(body(5e7)), expected);
});

test('a hundred timers of one due time do not wait one after the other', async () => {
  const since = performance.now();
  const body =
    'const order = []; await Promise.all(Array.from({ length: 100 }, (_, i) => sleep(50).then(() => order.push(i)))); return [order, Date.now()];';
  const [order, now] = (await run(body)) as [number[], number];
  assert.equal(order, [...Array(100).keys()]);
  assert.is(now, Date.parse(STARTED) + 50);
  assert.ok(performance.now() - since < 2_000);
});

test('a timer that was cleared or moved ahead of leaves the others in order', async () => {
  const body = `const out = []; const say = (word) => out.push([word, Date.now() - ${Date.parse(STARTED)}]);
    const ids = [40, 10, 30, 20].map((ms) => setTimeout(say, ms, ms)); clearTimeout(ids[1]); clearTimeout(ids[0]);
    setTimeout(() => { say('x'); clearTimeout(ids[2]); setTimeout(say, 1, 'y'); }, 15);
    await sleep(60); clearTimeout(99); return out;`;
  assert.equal(await run(body), [
    ['x', 15],
    ['y', 16],
    [20, 20],
  ]);
});

test('answers come in the order of the calls, and a call takes no time on the clock of the run', async () => {
  const body = `const out = []; const call = (n) => $cloister.call('fhir.read', { n }).then(({ n }) => out.push([n, Date.now(), Math.random()]));
    const timer = sleep(3).then(() => out.push(['timer', Date.now(), Math.random()]));
    await Promise.all([call(0), call(1), call(2), timer]); await call(3); return out;`;
  const slow = (waits: readonly number[]) => ({
    call: async (_method: string, args: unknown) => {
      await new Promise((done) => setTimeout(done, waits[(args as { n: number }).n]));
      return args;
    },
  });
  const first = (await run(body, {}, slow([60, 1, 30, 1]))) as unknown[][];
  assert.equal(
    first.map(([n, at]) => [n, Number(at) - Date.parse(STARTED)]),
    [
      [0, 0],
      [1, 0],
      [2, 0],
      ['timer', 3],
      [3, 3],
    ],
  );
  assert.equal(await run(body, {}, slow([1, 60, 1, 30])), first);
});

test('more calls than may be open at once keep their order too', async () => {
  const body = `const seen = []; await Promise.all(Array.from({ length: 40 }, (_, n) => $cloister.call('fhir.read', { n }).then((a) => seen.push(a.n)))); return seen;`;
  const call = async (_method: string, args: unknown) => {
    await new Promise((done) => setTimeout(done, Math.random() * 10));
    return args;
  };
  assert.equal(await run(body, {}, { call }), [...Array(40).keys()]);
});

test('a text that is evaluated has the clock and the seed of its call', async () => {
  const body = `await sleep(9); const ask = () => $cloister.call('evaluate', { source: '[Date.now(), new Date().getTimezoneOffset(), Math.random()]', scope: {}, now: Date.now() });
    return [await ask(), await ask()];`;
  const first = (await run(body)) as number[][];
  assert.equal(await run(body), first);
  assert.is(first[0]?.[0], Date.parse(STARTED) + 9);
  assert.is.not(first[0]?.[2], first[1]?.[2]);
  const ordinary = (await run(body, { deterministic: false })) as number[][];
  assert.is.not(ordinary[0]?.[0], first[0]?.[0]);
});

test('the module cloister hands the clock of the run to what it evaluates', async () => {
  const source = `import { evaluate } from 'cloister';
    export async function main() { await new Promise((r) => setTimeout(r, 5)); return evaluate('Date.now()'); }`;
  const outcome = await rig.runFiles({ 'activities/a.ts': source }, { run: info() });
  assert.is(outputOf(outcome), Date.parse(STARTED) + 5);
});

test('no collection of garbage shows: a weak reference keeps its target', async () => {
  const body = `const refs = Array.from({ length: 50 }, (_, i) => new WeakRef({ i })); let junk;
    for (let i = 0; i < 60; i++) { junk = Array.from({ length: 20000 }, () => ({})); await sleep(1); }
    return [refs.filter((ref) => ref.deref() === undefined).length, refs[0] instanceof WeakRef, refs[0].constructor === WeakRef];`;
  const over = { limits: { cpuMs: 8_000 } };
  assert.equal(await run(body, {}, over), [0, true, true]);
});

/**
 * Touches, calls and constructs all that can be reached in the realm, without arguments, and tells what came back. Whatever
 * leads to a clock or to chance gives another text in the next run.
 */
const WALK = `async function main() {
  const { apply, construct, ownKeys, getOwnPropertyDescriptor: describe, getPrototypeOf } = Reflect;
  const told = [], promises = [], seen = new Set(), queue = [];
  const add = (value, path, depth) => {
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null || seen.has(value) || depth > 3) return;
    seen.add(value); queue.push([value, path, depth]);
  };
  const short = (text) => { let sum = 0; for (let i = 0; i < text.length; i++) sum = (sum * 31 + text.charCodeAt(i)) | 0; return text.length > 200 ? text.slice(0, 200) + sum : text; };
  const tell = (path, value) => { if (['number', 'bigint', 'string', 'symbol'].includes(typeof value)) told.push(path + ' = ' + short(String(value))); };
  const attempt = (path, depth, act) => {
    let value;
    try { value = act(); } catch (e) { return; }
    tell(path, value);
    if (value instanceof Promise) promises.push(value.then((v) => { tell('await ' + path, v); add(v, path, depth + 1); }, () => 0));
    else add(value, path, depth + 1);
  };
  const touch = (holder, self, path, depth) => {
    for (const key of ownKeys(holder)) {
      const at = path + '.' + String(key), d = describe(holder, key);
      if (!d) continue;
      if (d.get) attempt('get ' + at, depth, () => apply(d.get, self, []));
      if (!('value' in d)) continue;
      if (typeof d.value !== 'function') tell(at, d.value);
      else if (self !== globalThis || key !== 'main') attempt(at + '()', depth, () => apply(d.value, self, []));
      add(d.value, at, holder === globalThis ? 0 : depth);
    }
  };
  add(globalThis, '', 0); add($cloister, '$cloister', 0);
  for (const literal of [function* () {}, async () => 0, async function* () {}, [][Symbol.iterator](), ''[Symbol.iterator](), /a/g, new Map().entries(), 1n, Symbol(), new Error('e')]) add(Object(literal), 'literal', 1);
  for (let turn = 0; turn < 3; turn++) {
    while (queue.length > 0) {
      const [value, path, depth] = queue.shift();
      touch(value, value, path, depth);
      if (typeof value === 'function') attempt('new ' + path, depth, () => construct(value, []));
      for (let proto = getPrototypeOf(value), n = 0; proto && n < 3 && depth > 0; proto = getPrototypeOf(proto), n++) touch(proto, value, path + '^', depth);
      add(getPrototypeOf(value), path + '.__proto__', depth);
    }
    await Promise.all(promises.splice(0));
    await new Promise((r) => setTimeout(r, 5));
  }
  return [seen.size, told];
}`;

const walk = async (deterministic: boolean): Promise<string[]> => {
  const limits = { cpuMs: 10_000, resultBytes: 8 * 1024 * 1024 };
  const [seen, told] = outputOf(await rig.run(WALK, { run: info({ deterministic }), limits })) as [number, string[]];
  assert.ok(seen > 900 && told.length > 5_000, `${seen} objects, ${told.length} doors`);
  return told;
};

/** Whether a text names the year that it is outside. */
const isOfNow = (text: string): boolean =>
  new RegExp(`(?<![\\d.])${new Date().getFullYear()}(?!\\d)`).test(text) ||
  (text.match(/\d{10,}/g) ?? []).some((digits) => Math.abs(Number(digits.slice(0, 10)) * 1_000 - Date.now()) < 864e5);

test('no door of the realm leads to a clock or to chance: a new one fails here', async () => {
  const first = await walk(true);
  await new Promise((done) => setTimeout(done, 1_100));
  const second = await walk(true);
  assert.equal(second.filter((line, i) => line !== first[i]).slice(0, 10), []);
  assert.is(second.length, first.length);
  assert.equal(first.filter(isOfNow).slice(0, 10), []);
});

test('the same walk does see the clock and chance of an ordinary run', async () => {
  const first = await walk(false);
  const second = await walk(false);
  const changed = new Set(second.filter((line, i) => line !== first[i]).map((line) => line.split(' = ')[0]));
  for (const door of ['.Date.now()', '.Math.random()', 'get .crypto.randomUUID()']) assert.ok(changed.has(door), door);
  assert.ok(first.some(isOfNow));
});

const WHERE = `const { timeZone, locale } = Intl.DateTimeFormat().resolvedOptions();
  return [timeZone, locale, new Date(2026, 0, 1).toISOString(), (1234.5).toLocaleString(), Intl.Collator().resolvedOptions().locale, 'i'.toLocaleUpperCase(), new Date(0).toLocaleDateString()];`;

const HERE = ['UTC', 'en-US', '2026-01-01T00:00:00.000Z', '1,234.5', 'en-US', 'I', '1/1/1970'];

test('a cell is in UTC and speaks American English, whatever the environment of the host says', async () => {
  assert.equal(await run(WHERE, { deterministic: false }), HERE);
});

/** The answer of a cell on a machine whose own time zone is another one. */
async function abroad(source: string): Promise<unknown> {
  const { cell, prelude, sealed } = await loadSources();
  const machine = `process.env.TZ = 'Asia/Tokyo';
    Object.defineProperty(process, 'env', { value: new Proxy(process.env, { ownKeys: () => [], set: (real, name, value) => Reflect.set(real, name, value) }), configurable: true, writable: true, enumerable: true });`;
  const { flags, cwd } = cellWalls();
  const child = spawn(process.execPath, ['--permission', ...flags, '--eval', machine + cell], { cwd, env: {} });
  const reader = new FrameReader();
  const { code, digest } = bundleOf(source);
  const { promise, resolve } = Promise.withResolvers<unknown>();
  child.stdout.on('data', (chunk: Buffer) => {
    for (const message of reader.push(chunk) as { t: string; ended?: { output: string } }[]) {
      if (message.t === 'end') resolve(JSON.parse(message.ended?.output ?? 'null'));
    }
  });
  child.stdin.on('error', () => undefined);
  child.on('close', () => resolve('ended'));
  child.stdin.write(encodeFrame({ t: 'guest', prelude, sealed }));
  const asked = { entry: 'main', params: '{}', run: info(), env: {}, limits: DEFAULT_LIMITS };
  child.stdin.write(encodeFrame({ t: 'run', id: 0, digest, code, ...asked }));
  const answer = await promise;
  child.kill('SIGKILL');
  return answer;
}

test('nor does the time zone of the machine', async () => {
  assert.equal(await abroad(`async function main() { ${WHERE} }`), HERE);
});

test.run();
