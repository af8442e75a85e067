import { suite } from 'uvu';
import * as assert from 'uvu/assert';
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

test('the sandbox goes on after all of this', async () => {
  assert.is(outputOf(await rig.run('async function main() { return 1; }')), 1);
});

test.run();
