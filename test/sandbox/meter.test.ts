// timeout: 90
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ProcessCpu } from '../../sandbox/cell/meter.ts';
import { codeOf, openRig } from './rig.ts';

const test = suite('CPU time of a run');

/** What the kernel says that a process has burnt, milliseconds. */
function burntMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

test('runs that share the processors are charged with what they burnt, not with the time that the others had', async () => {
  if (process.platform !== 'linux') return;
  const rig = openRig();
  try {
    const limits = { cpuMs: 10_000, heapMb: 16, concurrentRuns: 32 };
    // Each entry is seen while it is open, and again when it is over.
    const source = `async function main() {
      for (let entry = 0; entry < 3; entry++) {
        for (let i = 0, sum = 0; i < 20e6; i++) sum += i % 7;
        await new Promise((done) => setTimeout(done, 60));
      }
    }`;
    assert.is(codeOf(await rig.run('async function main() {}', { limits })), 'ok');
    const pid = rig.sandbox.stats().cells[0]?.pid ?? 0;
    const before = burntMs(pid);
    const many = Array.from({ length: Math.min(32, 4 * availableParallelism()) }, () => rig.run(source, { limits }));
    const outcomes = await Promise.all(many);
    const burnt = burntMs(pid) - before;
    const charged = outcomes.reduce((sum, { usage }) => sum + usage.cpuMs, 0);
    assert.equal(
      outcomes.filter((outcome) => !outcome.ok),
      [],
    );
    assert.ok(charged < 1.5 * burnt + 100, `charged ${charged} ms of ${burnt} ms`);
  } finally {
    await rig.sandbox.close();
  }
});

test('the CPU time between two looks is never below nothing, also while only the main thread works', () => {
  // A run that waits for long would be charged less than nothing, and its cell ended for telling such a figure.
  const cpu = new ProcessCpu();
  const looks = Array.from({ length: 20_000 }, () => cpu.take());
  assert.ok(Math.min(...looks) >= 0, String(Math.min(...looks)));
});

test.run();
