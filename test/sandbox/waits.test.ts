// timeout: 120
import { availableParallelism } from 'node:os';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { LogLine } from '../../sandbox/index.ts';
import { SandboxFull } from '../../sandbox/index.ts';
import { codeOf, killCell, openRig, outputOf, type Rig, until } from './rig.ts';

const test = suite('waits for a place');
const ONE = 'async function main() { return 1; }';
const sleepFor = (ms: number): string =>
  `async function main() { await new Promise((r) => setTimeout(r, ${ms})); return 1; }`;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const isRunning = (rig: Rig, key: string): boolean =>
  rig.sandbox.stats().cells.some(({ cell, running }) => cell === key && running > 0);

async function withRig(options: Parameters<typeof openRig>[0], use: (rig: Rig) => Promise<void>): Promise<void> {
  const rig = openRig(options);
  try {
    await rig.sandbox.warm('tenant-a');
    await use(rig);
  } finally {
    await rig.sandbox.close();
  }
}

/** Runs `ONE` while it has to wait; what its log says. */
async function waiting(rig: Rig, over: Parameters<Rig['run']>[1] = {}): Promise<LogLine[]> {
  const lines: LogLine[] = [];
  assert.is(outputOf(await rig.run(ONE, { ...over, log: (line) => lines.push(line) })), 1);
  return lines;
}

function tells(lines: readonly LogLine[], limit: string, text: RegExp): void {
  // On a busy machine there may be lines before, from while it waited.
  const line = lines.at(-1);
  assert.is(line?.level, 'info');
  assert.match(line?.message ?? '', text);
  const data = line?.data as { waitedMs: number; limits: Record<string, number> };
  assert.ok(data.waitedMs >= 100);
  assert.ok(Object.keys(data.limits).includes(limit), JSON.stringify(data));
}

test('for concurrentRuns is told with the limit', () =>
  withRig({}, async (rig) => {
    const limits = { concurrentRuns: 1 };
    const first = rig.run(sleepFor(400), { limits });
    tells(
      await waiting(rig, { limits }),
      'concurrentRuns',
      /^waited \d+ ms for a place: concurrentRuns 1 of the tenant$/,
    );
    await first;
  }));

test('for heapMb within the cell is told with the limit', () =>
  withRig({}, async (rig) => {
    const limits = { heapMb: 128, rssMb: 200 };
    const first = rig.run(sleepFor(400), { limits });
    tells(await waiting(rig, { limits }), 'heapMb', /heapMb 128 beside 128 of other runs, of the cell's rssMb 200/);
    await first;
  }));

test('for a cell is told with the limit', () =>
  withRig({ maxCells: 1 }, async (rig) => {
    const first = rig.run(sleepFor(400), { cell: 'a' });
    tells(await waiting(rig, { cell: 'b' }), 'maxCells', /maxCells 1 of the host, all busy/);
    await first;
  }));

test('for memory of the host is told with the limit', () =>
  withRig({ memoryMb: 700 }, async (rig) => {
    const first = rig.run(sleepFor(400), { cell: 'a' });
    tells(
      await waiting(rig, { cell: 'b' }),
      'memoryMb',
      /memory of the host: rssMb 512 beside \d+ of other cells, of 700 MiB/,
    );
    await first;
  }));

test('for a cell that a run has to itself is told', () =>
  withRig({}, async (rig) => {
    // Two runs whose cell dies without a guilty one begin anew, each alone: a third waits for both.
    const both = [rig.run(sleepFor(600)), rig.run(sleepFor(600))];
    await until(() => rig.sandbox.stats().cells[0]?.running === 2);
    killCell(rig, 'tenant-a');
    await until(() => rig.sandbox.stats().kills === 1 && isRunning(rig, 'tenant-a'));
    tells(await waiting(rig), 'alone', /a run that has its cell to itself/);
    assert.equal((await Promise.all(both)).map(codeOf), ['ok', 'ok']);
  }));

test('for a run that does not leave the cell is told', () =>
  withRig({}, async (rig) => {
    const native = 'async function main() { return Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1); }';
    const guilty = rig.run(native, { limits: { cpuMs: 100 } });
    assert.is(codeOf(await guilty), 'SCRIPT_CPU');
    tells(await waiting(rig), 'leaving', /a run that is leaving the cell/);
  }));

test('for a cell with less in it than the cap of a run is told', () =>
  withRig({}, async (rig) => {
    const hog = `async function main() {
      const kept = new Uint8Array(150e6).fill(1);
      await new Promise((r) => setTimeout(r, 900));
      return kept.length;
    }`;
    const first = rig.run(hog, { limits: { heapMb: 256 } });
    await until(() => (rig.sandbox.stats().cells[0]?.rssMb ?? 0) > 150);
    tells(await waiting(rig, { limits: { heapMb: 32, rssMb: 128 } }), 'rssMb', /rssMb 128 in a cell that has \d+ MiB/);
    assert.is(codeOf(await first), 'ok');
  }));

const onLinux = process.platform === 'linux' ? test : test.skip;

onLinux(
  'for runs of the tenant that burn CPU time is told; they are then no more than leave a processor to others',
  () =>
    withRig({}, async (rig) => {
      const spin = 'async function main() { for (;;); }';
      const limits = { cpuMs: 1_500, heapMb: 32 };
      const spins = Array.from({ length: availableParallelism() }, () => rig.run(spin, { limits }));
      await until(() => rig.sandbox.stats().cells.some(({ isLow }) => isLow));
      tells(
        await waiting(rig, { limits }),
        'cpu',
        /runs of the tenant that burn CPU time without a pause: at most \d+ at once/,
      );
      assert.equal(
        (await Promise.all(spins)).map(codeOf),
        spins.map(() => 'SCRIPT_CPU'),
      );
    }),
);

test('for the turn of others is told', () =>
  withRig({ maxCells: 1 }, async (rig) => {
    const holder = rig.run(sleepFor(2_000), { cell: 'a' });
    await until(() => isRunning(rig, 'a'));
    await sleep(300);
    const other = rig.run(ONE, { cell: 'b' });
    await sleep(400);
    tells(await waiting(rig, { cell: 'a' }), 'turn', /the turn of other tenants/);
    assert.equal((await Promise.all([holder, other])).map(codeOf), ['ok', 'ok']);
  }));

test('shorter than a moment are not told', () =>
  withRig({}, async (rig) => {
    const lines: LogLine[] = [];
    const log = (line: LogLine) => lines.push(line);
    await Promise.all(Array.from({ length: 12 }, () => rig.run(ONE, { limits: { concurrentRuns: 4 }, log })));
    for (const { data } of lines) assert.ok((data as { waitedMs: number }).waitedMs >= 100);
  }));

test('are no lines of the script', () =>
  withRig({}, async (rig) => {
    const limits = { concurrentRuns: 1, logLines: 1 };
    const first = rig.run(sleepFor(300), { limits });
    const lines: LogLine[] = [];
    await rig.run('async function main() { console.log("mine"); }', { limits, log: (line) => lines.push(line) });
    await first;
    assert.is(lines.length, 2);
    assert.is(lines[1]?.message, 'mine');
  }));

test('that are long are told while they last', () =>
  withRig({ maxCells: 1 }, async (rig) => {
    const first = rig.run(sleepFor(6_500), { cell: 'a' });
    await until(() => isRunning(rig, 'a'));
    const lines: LogLine[] = [];
    const second = rig.run(ONE, { cell: 'b', log: (line) => lines.push(line) });
    await until(() => lines.length === 1);
    assert.match(lines[0]?.message ?? '', /^has waited \d+ ms for a place, and still waits: maxCells 1 of the host/);
    assert.is(codeOf(await second), 'ok');
    assert.match(lines[1]?.message ?? '', /^waited \d+ ms/);
    await first;
  }));

test('more of one tenant than may wait are refused, as something to try again; others are not', () =>
  withRig({ maxQueued: 2 }, async (rig) => {
    const limits = { concurrentRuns: 1 };
    const three = [1, 2, 3].map(() => rig.run(sleepFor(200), { limits }));
    await until(() => rig.sandbox.stats().queued === 2);
    const error = await rig.run(ONE, { limits }).then(
      () => null,
      (reason: unknown) => reason,
    );
    assert.instance(error, SandboxFull);
    assert.is(outputOf(await rig.run(ONE, { cell: 'b' })), 1);
    assert.equal((await Promise.all(three)).map(codeOf), ['ok', 'ok', 'ok']);
    assert.is(outputOf(await rig.run(ONE, { limits })), 1);
  }));

test('end with CANCELLED when the caller aborts, and hold up nobody behind', () =>
  withRig({ maxCells: 1 }, async (rig) => {
    const first = rig.run(sleepFor(500), { cell: 'a' });
    const controller = new AbortController();
    const second = rig.run(ONE, { cell: 'b', signal: controller.signal });
    const third = rig.run(ONE, { cell: 'c' });
    setTimeout(() => controller.abort(), 100);
    assert.is(codeOf(await second), 'CANCELLED');
    assert.is(codeOf(await first), 'ok');
    assert.is(codeOf(await third), 'ok');
    assert.is(rig.sandbox.stats().queued, 0);
  }));

test('end with CANCELLED when the sandbox is closed', async () => {
  const rig = openRig({ memoryMb: 600 });
  const runs = ['a', 'b', 'c'].map((cell) => rig.run(sleepFor(5_000), { cell }));
  await until(() => rig.sandbox.stats().queued === 2);
  await rig.sandbox.close();
  assert.equal((await Promise.all(runs)).map(codeOf), ['CANCELLED', 'CANCELLED', 'CANCELLED']);
});

test('for memory end when the cell that has it dies', () =>
  withRig({ memoryMb: 600 }, async (rig) => {
    await rig.sandbox.warm('a');
    const first = rig.run(sleepFor(20_000), { cell: 'a' });
    await until(() => isRunning(rig, 'a'));
    const second = rig.run(ONE, { cell: 'b' });
    await until(() => rig.sandbox.stats().queued === 1);
    killCell(rig, 'a');
    assert.is(codeOf(await first), 'SCRIPT_KILLED');
    assert.is(codeOf(await second), 'ok');
  }));

test.run();
