import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';
import { ATTACKER, VICTIM } from '../harness/world.ts';

const RUN =
  "export async function main() { await $cloister.call('probe.wait', 100); return $cloister.call('probe.who', {}); }";

/** Two tenants never share a cell: what breaks one isolate's walls is still in a process that holds nothing of others. */
export const attack: Attack = {
  claim: 'runs of two tenants at the same time are in two processes',
  act: async ({ script, sandbox }) => {
    const runs = [script(RUN), script(RUN, { tenant: VICTIM }), script(RUN), script(RUN, { tenant: VICTIM })];
    const found = new Map<number, string>();
    const looking = setInterval(() => {
      for (const { pid, cell, running } of sandbox.stats().cells) if (running > 0) found.set(pid, cell);
    }, 5);
    const outcomes = await Promise.all(runs);
    clearInterval(looking);
    const tenants = outcomes.map((outcome) => outcome.ok && (outcome.output as { tenant: string }).tenant);
    assert.equal(tenants, [ATTACKER, VICTIM, ATTACKER, VICTIM]);
    assert.equal([...found.values()].sort(), [ATTACKER, VICTIM]);
  },
};
