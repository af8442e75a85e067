/**
 * Clean runs in a row, and by how much memory has grown (threat model, P4): `node test/hostile/harness/soak.ts 10000` from the
 * command line. The first runs are not counted: V8 and the pools take what they keep (measured: flat after 300).
 */
import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { countAll, unsettled } from './counts.ts';
import { openWorld, type World } from './world.ts';

const RUN = `async function main(t) {
  setTimeout(() => 0, 1e5);
  const answer = await $cloister.call('probe.echo', { list: [1, 2, 3] });
  $cloister.log('info', 'a line', answer);
  return [...answer.list, new Date(0).getTime(), [3, 1].sort()];
}`;

const WARM_UP = 300;

/** A cell is replaced after 1,000 runs; some it has had before. */
const IN_ONE_CELL = 500;

/** Growth in percent, of the cell and of the host. @throws when a run fails, the cell changes or something is left behind. */
export async function soak(
  world: World,
  tenant: string,
  runs: number,
): Promise<{ readonly cell: number; readonly host: number }> {
  const run = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      const outcome = await world.unbuilt(RUN, { tenant });
      assert.ok(outcome.ok, JSON.stringify(outcome));
      for (const list of [world.seen, world.lines, world.outcomes]) list.length = 0;
      world.probe.reset();
    }
  };
  const cellPid = (): number => world.sandbox.stats().cells.find(({ cell }) => cell === tenant)?.pid ?? 0;
  await run(WARM_UP);
  const [pid, counts] = [cellPid(), countAll(world.sandbox)];
  const before = { cell: rssOf(pid), host: rssOf(process.pid) };
  const inOne = Math.min(runs, IN_ONE_CELL);
  await run(inOne);
  assert.is(cellPid(), pid, 'the cell was replaced');
  const cell = grown(before.cell, rssOf(pid));
  await run(runs - inOne);
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.equal(unsettled(counts, countAll(world.sandbox)), []);
  return { cell, host: grown(before.host, rssOf(process.pid)) };
}

function grown(before: number, now: number): number {
  return ((now - before) / before) * 100;
}

function rssOf(pid: number): number {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0);
}

if (import.meta.main) {
  const runs = Number(process.argv[2] ?? 10_000);
  const world = await openWorld();
  const { cell, host } = await soak(world, 'tenant-a', runs);
  console.log(`${runs} runs: the cell has grown by ${cell.toFixed(1)} %, the host by ${host.toFixed(1)} %`);
  await world[Symbol.asyncDispose]();
}
