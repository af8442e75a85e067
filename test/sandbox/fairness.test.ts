// timeout: 300
// alone
import { readdirSync } from 'node:fs';
import { getPriority } from 'node:os';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { HOSTILE } from '../bench/neighbours.ts';
import { codeOf, killCell, openRig, outputOf, type Rig, until } from './rig.ts';

const test = suite('fairness between tenants');
const ONE = 'async function main() { return 1; }';
const SLEEP = 'async function main() { await new Promise((r) => setTimeout(r, 50)); return 1; }';
/** A hundred in a deep run. */
const HOSTILE_RUNS = Number(process.env.HOSTILE_RUNS ?? 30);
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function withRig(options: Parameters<typeof openRig>[0], use: (rig: Rig) => Promise<void>): Promise<void> {
  const rig = openRig(options);
  try {
    await use(rig);
  } finally {
    await rig.sandbox.close();
  }
}

test('of many hostile runs at once each ends with its own code, and runs of other tenants beside them complete', () =>
  withRig({}, async (rig) => {
    let over = false;
    const attempts: number[] = [];
    const innocents = ['b', 'c', 'd'].map(async (cell) => {
      let count = 0;
      while (!over) {
        assert.is(outputOf(await rig.run(ONE, { cell, onRestart: () => attempts.push(1) })), 1);
        count++;
        await sleep(20);
      }
      return count;
    });
    const limits = { cpuMs: 120, heapMb: 24, wallMs: 150_000 };
    const hostile = Array.from({ length: HOSTILE_RUNS }, async (_, index) => {
      const kind = HOSTILE[index % HOSTILE.length];
      assert.ok(kind);
      const outcome = await rig.run(`async function main() { ${kind.source} }`, {
        cell: 'a',
        limits,
        log: () => undefined,
      });
      assert.match(codeOf(outcome), kind.code, kind.name);
    });
    await Promise.all(hostile).finally(() => {
      over = true;
    });
    for (const count of await Promise.all(innocents)) assert.ok(count > 10);
    assert.equal(attempts, [], 'no cell of an innocent tenant was ended');
    const { ends } = rig.sandbox.stats();
    assert.ok(ends.watch > 0 && ends.killed.stuck > 0, JSON.stringify(ends));
  }));

test('a tenant that always has work does not keep the only cell from others', () =>
  withRig({ maxCells: 1 }, async (rig) => {
    let over = false;
    // Of different lengths, so that there is no moment without one.
    const greedy = [170, 230, 310, 410].map(async (ms) => {
      const source = `async function main() { await new Promise((r) => setTimeout(r, ${ms})); return 1; }`;
      while (!over) outputOf(await rig.run(source, { cell: 'greedy' }));
    });
    await sleep(300);
    for (const cell of ['b', 'c', 'd']) assert.is(outputOf(await rig.run(ONE, { cell })), 1);
    over = true;
    await Promise.all(greedy);
  }));

test('tenants that wait for a cell get one in the order in which they came', () =>
  withRig({ maxCells: 1 }, async (rig) => {
    const ended: string[] = [];
    const run = async (cell: string) => {
      outputOf(await rig.run(SLEEP, { cell, limits: { concurrentRuns: 1 } }));
      ended.push(cell);
    };
    const all = [run('a'), run('b'), run('b'), run('c'), run('d')];
    await sleep(30);
    await Promise.all([...all, run('a')]);
    assert.equal(
      ended.filter((cell, index) => ended.indexOf(cell) === index),
      ['a', 'b', 'c', 'd'],
    );
  }));

test('busy cells never have more memory between them than the host gives, and idle ones make room', () =>
  withRig({ memoryMb: 1_100 }, async (rig) => {
    let most = 0;
    let reserved = 0;
    const call = async () => {
      const stats = rig.sandbox.stats();
      most = Math.max(most, stats.cells.filter((cell) => cell.running > 0).length);
      reserved = Math.max(reserved, stats.memoryMb.reserved);
      await sleep(60);
      return null;
    };
    const source = 'async function main() { await $cloister.call("fhir.read", {}); return 1; }';
    const all = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((cell) => rig.run(source, { cell, call })));
    assert.equal(all.map(outputOf), [1, 1, 1, 1, 1]);
    assert.is(most, 2);
    assert.ok(reserved <= 1_100, String(reserved));
  }));

test('a run waits for memory that others are about to give back, and no cell that was just in use is ended for it', () =>
  withRig({ memoryMb: 760 }, async (rig) => {
    const pidOf = (key: string) => rig.sandbox.stats().cells.find(({ cell }) => cell === key)?.pid;
    for (const cell of ['a', 'b']) assert.is(outputOf(await rig.run(ONE, { cell })), 1);
    const before = [pidOf('a'), pidOf('b')];
    const slow = rig.run('async function main() { await new Promise((r) => setTimeout(r, 300)); return 1; }', {
      cell: 'c',
    });
    await until(() => rig.sandbox.stats().cells.some(({ cell, running }) => cell === 'c' && running > 0));
    assert.is(outputOf(await rig.run(ONE, { cell: 'a' })), 1);
    assert.is(outputOf(await slow), 1);
    assert.equal([pidOf('a'), pidOf('b')], before);
  }));

test('a run that wants more than all of the memory still runs, when nobody else does', () =>
  withRig({ memoryMb: 300 }, async (rig) => {
    assert.equal((await Promise.all(['a', 'b'].map((cell) => rig.run(SLEEP, { cell })))).map(outputOf), [1, 1]);
  }));

test('a tenant has no more runs at once because its cells are being replaced', () =>
  withRig({ recycleRuns: 2 }, async (rig) => {
    let open = 0;
    let most = 0;
    const call = async () => {
      most = Math.max(most, ++open);
      await sleep(40);
      open--;
      return null;
    };
    const source = 'async function main() { await $cloister.call("fhir.read", {}); return 1; }';
    const limits = { concurrentRuns: 3 };
    const all = await Promise.all(Array.from({ length: 12 }, () => rig.run(source, { call, limits })));
    assert.equal(all.map(outputOf), Array(12).fill(1));
    assert.ok(most <= 3, String(most));
  }));

/** The lowest priority among the threads of a cell. */
function highestNice(rig: Rig, cell: string): number {
  const pid = rig.sandbox.stats().cells.find((other) => other.cell === cell)?.pid ?? 0;
  return Math.max(...readdirSync(`/proc/${pid}/task`).map((thread) => getPriority(Number(thread))));
}

const onLinux = process.platform === 'linux' ? test : test.skip;

onLinux(
  'a cell that burns more than its share goes on at a low priority, also after its cell was killed; others do not',
  () =>
    withRig({}, async (rig) => {
      await rig.run(ONE, { cell: 'b' });
      const isLow = (cell: string) => rig.sandbox.stats().cells.find((other) => other.cell === cell)?.isLow;
      const spins = [1, 2].map(() => rig.run('async function main() { for (;;); }', { limits: { cpuMs: 2_000 } }));
      await until(() => isLow('tenant-a') === true);
      assert.ok(highestNice(rig, 'tenant-a') > getPriority(), 'the system knows of it');
      killCell(rig, 'tenant-a');
      await until(() => rig.sandbox.stats().kills === 1 && isLow('tenant-a') !== undefined);
      assert.is(isLow('tenant-a'), true);
      await rig.run(ONE, { cell: 'b' });
      assert.is(isLow('b'), false);
      assert.is(highestNice(rig, 'b'), getPriority());
      await Promise.all(spins);
    }),
);

onLinux('a script is charged for its own CPU time only, however many spin beside it', () =>
  withRig({}, async (rig) => {
    const limits = { cpuMs: 1_000, heapMb: 32 };
    const honest = 'async function main() { let x = 0; for (let i = 0; i < 1e8; i++) x += i % 7; return 1; }';
    const spins = Array.from({ length: 6 }, () => rig.run('async function main() { for (;;); }', { limits }));
    const all = await Promise.all([1, 2].map(() => rig.run(honest, { limits })));
    assert.equal(all.map(codeOf), ['ok', 'ok'], JSON.stringify(all));
    assert.equal((await Promise.all(spins)).map(codeOf), Array(6).fill('SCRIPT_CPU'));
  }),
);

test.run();
