import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readRss } from '../../sandbox/rss.ts';
import { codeOf, openRig, outputOf } from './rig.ts';

const test = suite('memory of a run');
const rig = openRig();

test.after(() => rig.sandbox.close());

const HOGS = {
  'a heap that grows': 'async function main() { const a = []; for (;;) a.push(new Array(1000).fill(1.5)); }',
  'strings that double':
    'async function main() { const a = []; for (let s = "x"; ; s += s + a.length) a.push(s.split("")); }',
  'array buffers': 'async function main() { const a = []; for (;;) a.push(new Uint8Array(1e6).fill(1)); }',
  'a spread of a long string': 'async function main() { return [..."." .repeat(1e8)].length; }',
};

for (const [name, source] of Object.entries(HOGS)) {
  test(`${name} ends with SCRIPT_MEMORY`, async () => {
    const outcome = await rig.run(source, { limits: { heapMb: 64, cpuMs: 5_000, wallMs: 8_000 } });
    assert.is(codeOf(outcome), 'SCRIPT_MEMORY');
  });
}

test('RES-09 a resizable buffer cannot be made: the option is not read', async () => {
  const source = `async function main() {
    const b = new ArrayBuffer(8, { get maxByteLength() { throw new Error('read'); } });
    return [typeof b.resize, b.byteLength];
  }`;
  assert.equal(outputOf(await rig.run(source)), ['undefined', 8]);
});

test('a cell over its line is ended from outside: the hog with SCRIPT_MEMORY, the run beside it completes', async () => {
  const limits = { heapMb: 64, rssMb: 140, cpuMs: 5_000, wallMs: 20_000 };
  const hog =
    'async function main() { const a = []; for (let i = 0; i < 60; i++) { a.push(new Uint8Array(1e6).fill(i)); await new Promise((r) => setTimeout(r, 5)); } await new Promise((r) => setTimeout(r, 5_000)); return a.length; }';
  const innocent = rig.run('async function main() { await new Promise((r) => setTimeout(r, 1_500)); return "fine"; }', {
    cell: 'tenant-b',
    limits: { ...limits, heapMb: 32 },
  });
  const guilty = await rig.run(hog, { cell: 'tenant-b', limits });
  assert.is(codeOf(guilty), 'SCRIPT_MEMORY');
  assert.is(outputOf(await innocent), 'fine');
  assert.ok(rig.events.some((event) => event.event === 'cell.killed' && event.reason === 'memory'));
});

/** Memory that V8's heap limit does not know of, or knows of too late. */
const NATIVE = {
  'buffers of every size': 'for (let i = 1; ; i++) kept.push(new Uint8Array((i % 64) * 65_536).fill(1));',
  'buffers held by views': 'for (;;) kept.push(new DataView(new Float64Array(1e5).fill(1).buffer));',
  'formatters of ICU':
    'for (let i = 0; ; i++) { const f = new Intl.DateTimeFormat("de", { timeZone: "Asia/Tokyo", dateStyle: "full" }); f.format(i); kept.push(f); }',
  'long strings that are flattened':
    'for (;;) { const s = "ab".repeat(4e6); s.charCodeAt(9); kept.push(s + kept.length); kept.at(-1).charCodeAt(9); }',
  'copies of a structure':
    'const big = { a: new Array(1e5).fill({ b: "c" }) }; for (;;) kept.push(structuredClone(big));',
  'encoded text': 'const e = new TextEncoder(); const s = "é".repeat(1e6); for (;;) kept.push(e.encode(s));',
  bigints: 'for (let n = 1n << 4_000_000n; ; n += 1n) kept.push(n);',
  'compiled regular expressions':
    'for (let i = 0; ; i++) { const r = new RegExp("(?:" + "a|b".repeat(2e3) + i + ")"); r.test("x"); kept.push(r); }',
};

for (const [name, body] of Object.entries(NATIVE)) {
  test(`${name} stay within the cap of the cell`, async () => {
    const cell = 'tenant-native';
    await rig.sandbox.warm(cell);
    let peakMb = 0;
    const sample = async () => {
      const pids = rig.sandbox.stats().cells.flatMap((other) => (other.cell === cell ? [other.pid] : []));
      for (const mb of (await readRss(pids)).values()) peakMb = Math.max(peakMb, mb);
    };
    const timer = setInterval(() => void sample(), 5);
    const limits = { heapMb: 96, rssMb: 400, cpuMs: 3_000, wallMs: 20_000 };
    const source = `async function main() { const kept = []; ${body} }`;
    const outcome = await rig.run(source, { cell, limits });
    clearInterval(timer);
    assert.ok(['SCRIPT_MEMORY', 'SCRIPT_CPU'].includes(codeOf(outcome)), JSON.stringify(outcome));
    assert.ok(peakMb > 50 && peakMb < limits.rssMb, `${peakMb} MiB`);
  });
}

test('WebAssembly, whose memory no limit of V8 counts, is not there', async () => {
  assert.is(outputOf(await rig.run('async function main() { return typeof WebAssembly; }')), 'undefined');
});

test('the sandbox goes on after all of this', async () => {
  assert.is(outputOf(await rig.run('async function main() { return 1; }')), 1);
});

test.run();
