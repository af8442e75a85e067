// timeout: 150
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { codeOf, openRig, outputOf, type Rig, until } from './rig.ts';

const test = suite('the rings of a cell');
const ONE = 'async function main() { return 1; }';
const WAIT = 'async function main() { await $cloister.call("fhir.read", {}); return 1; }';

async function withRig(options: Parameters<typeof openRig>[0], use: (rig: Rig) => Promise<void>): Promise<void> {
  const rig = openRig(options);
  try {
    await rig.sandbox.warm('tenant-a');
    await use(rig);
  } finally {
    await rig.sandbox.close();
  }
}

/** Stops a cell without ending it; that it goes on again is left to whoever ends it. */
function freeze(rig: Rig, cell: string): void {
  const pid = rig.sandbox.stats().cells.find((other) => other.cell === cell)?.pid ?? 0;
  if (pid <= 0) throw new Error(`there is no cell of ${cell}`);
  process.kill(pid, 'SIGSTOP');
}

/** Takes the timer of the watch into its own hands: it looks when told, until `goOn`, and no more once it was put to rest. */
function holdWatch() {
  const { setInterval: arm, clearInterval: disarm } = globalThis;
  let look: () => void = () => undefined;
  let timer: NodeJS.Timeout | undefined;
  let own: NodeJS.Timeout | undefined;
  Object.assign(globalThis, {
    setInterval: (each: () => void, ms: number) => {
      if (ms !== 40) return arm(each, ms);
      look = each;
      timer = arm(() => undefined, 60_000);
      return timer;
    },
    clearInterval: (handle: NodeJS.Timeout) => {
      if (handle === timer) disarm(own);
      disarm(handle);
    },
  });
  return {
    look: () => look(),
    goOn: () => {
      own = arm(() => look(), 40);
    },
    close: () => {
      disarm(own);
      Object.assign(globalThis, { setInterval: arm, clearInterval: disarm });
    },
  };
}

test('one counts what the time limit of an entry ends', () =>
  withRig({}, async (rig) => {
    // On a busy machine the limit may pass before the script is entered, and the watch is the one to see it.
    for (let n = 0; n < 5 && rig.sandbox.stats().ends.timeout === 0; n++) {
      const outcome = await rig.run('async function main() { for (;;); }', { limits: { wallMs: 10 } });
      assert.is(codeOf(outcome), 'SCRIPT_WALL');
    }
    assert.is(rig.sandbox.stats().ends.timeout, 1);
  }));

test('one counts what the heap limit ends', () =>
  withRig({}, async (rig) => {
    const source = 'async function main() { const kept = []; for (;;) kept.push(new Array(1000).fill(1.5)); }';
    const outcome = await rig.run(source, { limits: { heapMb: 32, cpuMs: 10_000 } });
    assert.is(codeOf(outcome), 'SCRIPT_MEMORY');
    assert.is(rig.sandbox.stats().ends.heap, 1);
  }));

test('two counts what the watch ends, also after an awaited call', () =>
  withRig({}, async (rig) => {
    const source = 'async function main() { await $cloister.call("fhir.read", {}); for (;;); }';
    assert.is(codeOf(await rig.run(source, { limits: { cpuMs: 150 } })), 'SCRIPT_CPU');
    const wait = 'async function main() { await new Promise((r) => setTimeout(r, 60_000)); }';
    assert.is(codeOf(await rig.run(wait, { limits: { wallMs: 300 } })), 'SCRIPT_WALL');
    assert.is(rig.sandbox.stats().ends.watch, 2);
    assert.is(rig.sandbox.stats().kills, 0);
  }));

test('three ends what no timeout stops within the wall limit and two seconds, and says whose fault it was', () =>
  withRig({}, async (rig) => {
    const native = 'async function main() { return Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1); }';
    const limits = { cpuMs: 10_000, wallMs: 1_000 };
    const startedAt = performance.now();
    assert.is(codeOf(await rig.run(native, { limits })), 'SCRIPT_WALL');
    await until(() => rig.sandbox.stats().kills === 1);
    assert.ok(performance.now() - startedAt < limits.wallMs + 2_000);
    assert.is(rig.sandbox.stats().ends.killed.stuck, 1);
    const [event] = rig.events;
    assert.ok(event?.event === 'cell.killed');
    assert.is(event.reason, 'stuck');
    assert.is(event.run, 'run-1');
  }));

test('three watches a run that begins while the watch over idle cells is about to rest', () =>
  withRig({}, async (rig) => {
    const watch = holdWatch();
    try {
      assert.is(outputOf(await rig.run(ONE)), 1);
      await until(() => rig.sandbox.stats().cells.every(({ running }) => running === 0));
      watch.look();
      const native = 'async function main() { return Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1); }';
      const outcome = rig.run(native, { limits: { cpuMs: 10_000, wallMs: 300 } });
      watch.goOn();
      assert.is(codeOf(await outcome), 'SCRIPT_WALL');
      await until(() => rig.sandbox.stats().ends.killed.stuck === 1);
    } finally {
      watch.close();
    }
  }));

test('three ends a cell that takes more than its memory', () =>
  withRig({}, async (rig) => {
    const hog =
      'async function main() { const b = new Uint8Array(120e6).fill(1); for (;;) await $cloister.call("a.b", b.length); }';
    const outcome = await rig.run(hog, { limits: { heapMb: 512, rssMb: 150, calls: 1e6 } });
    assert.is(codeOf(outcome), 'SCRIPT_MEMORY');
    const { memory, kernel } = rig.sandbox.stats().ends.killed;
    assert.is(memory + kernel, 1);
  }));

test('three ends a cell that gives no sign of life; the one run in it is to blame', () =>
  withRig({}, async (rig) => {
    const running = rig.run(WAIT, {
      call: () => {
        freeze(rig, 'tenant-a');
        return new Promise(() => undefined);
      },
    });
    assert.is(codeOf(await running), 'SCRIPT_KILLED');
    assert.is(rig.sandbox.stats().ends.killed.silent, 1);
    assert.is(outputOf(await rig.run(ONE)), 1);
  }));

test('three ends a cell that never gets ready; the run begins in another one', () =>
  withRig({}, async (rig) => {
    let restarts = 0;
    const running = rig.run(ONE, { cell: 'b', onRestart: () => restarts++ });
    await until(() => rig.sandbox.stats().cells.some(({ cell }) => cell === 'b'));
    freeze(rig, 'b');
    assert.is(outputOf(await running), 1);
    assert.is(restarts, 1);
    assert.is(rig.sandbox.stats().ends.killed.silent, 1);
  }));

test('three tells a cell that ends by itself from one that was given up', () =>
  withRig({ recycleRuns: 1 }, async (rig) => {
    assert.is(outputOf(await rig.run(ONE)), 1);
    assert.is(outputOf(await rig.run(ONE)), 1);
    assert.is(rig.sandbox.stats().kills, 0);
    const running = rig.run(WAIT, {
      call: () => {
        const pid = rig.sandbox.stats().cells.find(({ running }) => running > 0)?.pid ?? 0;
        if (pid > 0) process.kill(pid, 'SIGKILL');
        return new Promise(() => undefined);
      },
    });
    assert.is(codeOf(await running), 'SCRIPT_KILLED');
    assert.is(rig.sandbox.stats().ends.killed.crash, 1);
  }));

test.run();
