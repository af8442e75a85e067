import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';
import { outputOf, play } from './parts/net.ts';
import { serve } from './parts/server.ts';

/** Credentials went out by prefix of the URL in HAPI (CVE-2026-34359, CVE-2026-34361). */
export const attack: Attack = {
  claim: 'a credential goes to its own origin only, and an alias that is no own name is none',
  act: async (world) => {
    await using server = await serve((_, response) => response.end());
    const { allowed } = world.targets;
    const script = `export async function main(url) {
      return codes(['partner', 'none', '__proto__', 'constructor', ''].map((secret) => read(url, { secret })));
    }`;
    const net = { allow: [server.origin, allowed], origin: allowed };
    assert.equal(await outputOf(play(world, script, server.origin, net)), ['DENIED']);
    assert.is(server.sockets, 0);
  },
};
