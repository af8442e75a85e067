import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';
import { soak } from '../harness/soak.ts';
import { ATTACKER } from '../harness/world.ts';

/** 1,000 here; `node test/hostile/harness/soak.ts 10000` makes the ten thousand of the threat model (P4). */
export const attack: Attack = {
  claim: '1,000 clean runs in a row leave no isolate, descriptor, timer or memory behind, in the cell or in the host',
  act: async (world) => {
    const { cell, host } = await soak(world, ATTACKER, 1_000);
    assert.ok(cell < 10, `the cell has grown by ${cell.toFixed(1)} %`);
    assert.ok(host < 10, `the host has grown by ${host.toFixed(1)} %`);
  },
};
