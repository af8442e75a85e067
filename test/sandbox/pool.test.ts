import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { codeOf, isAlive, openRig, outputOf, type Rig } from './rig.ts';

const test = suite('cells');
const ONE = 'async function main() { return 1; }';

async function withRig(options: Parameters<typeof openRig>[0], use: (rig: Rig) => Promise<void>): Promise<void> {
  const rig = openRig(options);
  try {
    await use(rig);
  } finally {
    await rig.sandbox.close();
  }
}

const pidOf = (rig: Rig, cell: string): number =>
  rig.sandbox.stats().cells.find((other) => other.cell === cell)?.pid ?? 0;

test('no two keys share a process, and one key keeps its own', () =>
  withRig({ spare: true }, async (rig) => {
    for (const cell of ['a', 'b', 'c', 'a', 'b', 'c']) await rig.run(ONE, { cell });
    const pids = rig.sandbox.stats().cells.map((cell) => cell.pid);
    assert.is(pids.length, 3);
    assert.is(new Set(pids).size, 3);
    assert.not.ok(pids.includes(process.pid));
  }));

test('a cell is replaced after its number of runs, and no run notices', () =>
  withRig({ recycleRuns: 5 }, async (rig) => {
    const pids = new Set<number>();
    for (let i = 0; i < 12; i++) {
      assert.is(outputOf(await rig.run(ONE)), 1);
      pids.add(pidOf(rig, 'tenant-a'));
    }
    assert.is([...pids].filter((pid) => pid !== 0).length, 3);
    assert.is(rig.sandbox.stats().kills, 0);
  }));

test('past the number of cells the longest idle one is given up; where all are busy a run waits', () =>
  withRig({ maxCells: 2 }, async (rig) => {
    await rig.run(ONE, { cell: 'a' });
    await rig.run(ONE, { cell: 'b' });
    await rig.run(ONE, { cell: 'c' });
    assert.equal(
      rig.sandbox
        .stats()
        .cells.map((cell) => cell.cell)
        .sort(),
      ['b', 'c'],
    );
    const wait = 'async function main() { await new Promise((r) => setTimeout(r, 300)); return 1; }';
    const all = await Promise.all(['a', 'b', 'c', 'd'].map((cell) => rig.run(wait, { cell })));
    assert.equal(all.map(outputOf), [1, 1, 1, 1]);
    assert.ok(rig.sandbox.stats().cells.length <= 2);
  }));

test('an idle cell is ended after its time', () =>
  withRig({ idleMs: 100 }, async (rig) => {
    await rig.run(ONE);
    const pid = pidOf(rig, 'tenant-a');
    const deadline = Date.now() + 3_000;
    while (isAlive(pid) && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
    assert.not.ok(isAlive(pid));
    assert.is(outputOf(await rig.run(ONE)), 1);
  }));

test('runs of one key at once stay within concurrentRuns and within the memory of the cell', () =>
  withRig({}, async (rig) => {
    const wait = 'async function main() { await $cloister.call("fhir.read", {}); return 1; }';
    const most = async (limits: object): Promise<number> => {
      let open = 0;
      let peak = 0;
      const call = async () => {
        peak = Math.max(peak, ++open);
        await new Promise((resolve) => setTimeout(resolve, 40));
        open--;
        return null;
      };
      const all = await Promise.all(Array.from({ length: 8 }, () => rig.run(wait, { limits, call })));
      assert.equal(all.map(outputOf), Array(8).fill(1));
      return peak;
    };
    assert.is(await most({ concurrentRuns: 3, heapMb: 32 }), 3);
    assert.is(await most({ concurrentRuns: 8, heapMb: 128, rssMb: 256 }), 2);
  }));

test('a run that waits for its turn can be cancelled', () =>
  withRig({}, async (rig) => {
    const limits = { concurrentRuns: 1 };
    const first = rig.run('async function main() { await new Promise((r) => setTimeout(r, 300)); }', { limits });
    const controller = new AbortController();
    const second = rig.run(ONE, { limits, signal: controller.signal });
    setTimeout(() => controller.abort(), 50);
    assert.is(codeOf(await second), 'CANCELLED');
    assert.is(codeOf(await first), 'ok');
    const never = new AbortController();
    never.abort();
    assert.is(codeOf(await rig.run(ONE, { signal: never.signal })), 'CANCELLED');
  }));

test('a closed sandbox takes nothing more', async () => {
  const rig = openRig();
  await rig.run(ONE);
  await rig.sandbox.close();
  await rig.sandbox.close();
  for (const use of [() => rig.run(ONE), () => rig.sandbox.warm('a'), () => rig.build({})]) {
    const error = await use().then(
      () => null,
      (reason: Error) => reason,
    );
    assert.match(error?.message ?? '', /closed/);
  }
});

test('a run costs no memory that stays: a thousand of them in one cell', () =>
  withRig({ recycleRuns: 1e6 }, async (rig) => {
    const many = async (count: number) => {
      for (let i = 0; i < count; i++)
        outputOf(await rig.run('async function main() { return new Array(1000).fill(1).length; }'));
    };
    await many(300);
    await new Promise((resolve) => setTimeout(resolve, 100));
    const before = rig.sandbox.stats().cells[0]?.rssMb ?? 0;
    await many(700);
    const after = rig.sandbox.stats().cells[0]?.rssMb ?? 0;
    assert.ok(after < before + 60, `${before} MiB before, ${after} MiB after`);
  }));

test.run();
