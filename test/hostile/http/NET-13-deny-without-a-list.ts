import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';
import { outputOf, play } from './parts/net.ts';

/** An unset variable let everything through in Budibase (CVE-2026-31818). */
export const attack: Attack = {
  claim: 'an empty list, and one that cannot be read, allow nothing',
  act: async (world) => {
    const { allowed } = world.targets;
    const script = 'export async function main(url) { return codes([read(url)]); }';
    const { host } = new URL(allowed);
    for (const allow of [
      [],
      [''],
      ['*'],
      ['http://*'],
      ['http://'],
      ['*://*'],
      [host],
      ['.*'],
      ['null'],
      [`${allowed}/echo`],
    ]) {
      assert.equal(
        await outputOf(play(world, script, `${allowed}/echo`, { allow })),
        ['DENIED'],
        JSON.stringify(allow),
      );
    }
  },
};
