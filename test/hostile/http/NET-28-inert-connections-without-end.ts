import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';
import { HOST, outputOf, play } from './parts/net.ts';
import { serve } from './parts/server.ts';

/** A pool for each origin, each kept for as long as its server says: undici#4424 was the memory, this is the descriptors. */
export const attack: Attack = {
  claim: 'a thousand names with connections kept for ever hold a share of the host’s descriptors',
  act: async (world) => {
    await using server = await serve((_, response) => response.writeHead(200, { 'keep-alive': 'timeout=600' }).end());
    const script = `export async function main(port) {
      const seen = new Set();
      for (let n = 0; n < 60; n += 1) for (const each of await codes([read('http://n' + n + '.wild.test:' + port)])) seen.add(each);
      return [...seen];
    }`;
    const net = { allow: [`http://*.wild.test:${server.port}`], lookup: async () => [HOST], inFlight: 10 };
    assert.equal(await outputOf(play(world, script, server.port, net)), [200, 'TOO_MANY_CALLS']);
    assert.is(server.sockets, 20);
  },
};
