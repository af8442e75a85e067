import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';
import { outputOf, play } from './parts/net.ts';
import { serve } from './parts/server.ts';

export const attack: Attack = {
  claim: 'neither the secret nor Authorization follow a redirect to another origin, though it is on the list',
  act: async (world) => {
    await using target = await serve((_, response) => response.end('reached'), '127.9.9.9');
    await using server = await serve((_, response) => response.writeHead(307, { location: target.origin }).end());
    const script = `export async function main(url) {
      return read(url, { method: 'POST', body: 'x', secret: 'partner', headers: { authorization: 'Bearer own' } }).then((a) => a.body);
    }`;
    const allow = [server.origin, target.origin];
    assert.is(await outputOf(play(world, script, server.origin, { allow })), 'reached');
    assert.is(server.requests[0]?.headers['x-api-key'], world.canaries.tokens.get('credential'));
    const { authorization, 'x-api-key': key } = target.requests[0]?.headers ?? {};
    assert.equal([authorization, key], [undefined, undefined]);
  },
};
