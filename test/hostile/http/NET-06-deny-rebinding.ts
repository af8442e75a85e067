import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';
import { HOST, outputOf, play } from './parts/net.ts';
import { serve } from './parts/server.ts';

export const attack: Attack = {
  claim: 'a name that leads elsewhere the second time is judged anew: what counts is the address that is connected',
  act: async (world) => {
    await using server = await serve((_, response) => response.writeHead(200, { connection: 'close' }).end('good'));
    const answers = [[HOST], ['127.0.0.1'], ['::1'], ['::ffff:127.0.0.1', '10.0.0.1'], ['127.0.0.1', HOST]];
    const url = `http://rebind.test:${server.port}/`;
    const script = `export async function main(url) {
      const all = [];
      for (let n = 0; n < 5; n += 1) all.push(await read(url).then(({ body, code }) => body ?? code));
      return all;
    }`;
    const net = { allow: [url.slice(0, -1)], lookup: async () => answers.shift() ?? [] };
    assert.equal(await outputOf(play(world, script, url, net)), ['good', 'DENIED', 'DENIED', 'DENIED', 'good']);
    assert.is(server.sockets, 2);
  },
};
