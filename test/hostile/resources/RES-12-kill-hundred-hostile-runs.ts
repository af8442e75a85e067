import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';
import { ATTACKER, VICTIM, type World } from '../harness/world.ts';

const HOSTILE = [
  'for (;;);',
  'for (;;) await 0;',
  "for (;;) await $cloister.call('probe.echo', 1).catch(() => 0);",
  '/^(a+)+$/.test("a".repeat(60) + "!");',
  'setInterval(() => 0, 1); await new Promise(() => {});',
];
const limits = { cpuMs: 20, wallMs: 150, concurrentRuns: 8 };

/** Runs of the victim, one after the other, as long as the others go on; the longest, milliseconds. */
async function neighbour({ script }: World, isOver: () => boolean): Promise<number> {
  let longest = 0;
  while (!isOver()) {
    const began = performance.now();
    const outcome = await script("export async function main() { return $cloister.call('probe.who', {}); }", {
      tenant: VICTIM,
      limits: { wallMs: 10_000 },
    });
    assert.ok(outcome.ok, JSON.stringify(outcome));
    longest = Math.max(longest, performance.now() - began);
  }
  return longest;
}

/** One tenant with everything at once. Its neighbour's times are judged under load by the benchmark; here that none fails. */
export const attack: Attack = {
  claim: '100 hostile runs at once of one tenant run eight at a time; all end, and no run of a neighbour fails',
  act: async (world) => {
    let over = false;
    let most = 0;
    const looking = setInterval(() => {
      for (const { cell, running } of world.sandbox.stats().cells)
        if (cell === ATTACKER) most = Math.max(most, running);
    }, 2);
    const beside = neighbour(world, () => over);
    const runs = Array.from({ length: 100 }, (_, i) =>
      world.unbuilt(`async function main() { ${HOSTILE[i % HOSTILE.length]} }`, { limits, patienceMs: 60_000 }),
    );
    const outcomes = await Promise.all(runs);
    over = true;
    clearInterval(looking);
    for (const outcome of outcomes)
      assert.ok(
        !outcome.ok && ['SCRIPT_CPU', 'SCRIPT_WALL', 'SCRIPT_KILLED'].includes(outcome.code),
        JSON.stringify(outcome),
      );
    assert.ok(most <= limits.concurrentRuns && most > 1, `${most} at once`);
    assert.ok((await beside) < 5_000);
  },
};
