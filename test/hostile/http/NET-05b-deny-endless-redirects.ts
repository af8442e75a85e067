import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';
import { outputOf, play } from './parts/net.ts';
import { serve } from './parts/server.ts';

export const attack: Attack = {
  claim: 'a chain of redirects ends after five',
  act: async (world) => {
    await using server = await serve((request, response) => {
      response.writeHead(302, { location: `${request.url}x` }).end();
    });
    const script = 'export async function main(url) { return codes([read(url)]); }';
    assert.equal(await outputOf(play(world, script, `${server.origin}/`, { allow: [server.origin] })), ['DENIED']);
    assert.is(server.requests.length, 6);
  },
};
