import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';
import { outputOf, play } from './parts/net.ts';
import { serve } from './parts/server.ts';

export const attack: Attack = {
  claim: 'each hop of a redirect is judged like the first, a body goes no further than the list',
  act: async (world) => {
    await using server = await serve((request, response) => {
      const [, status, to = ''] = (request.url ?? '').split('/');
      response.writeHead(Number(status), { location: decodeURIComponent(to) }).end();
    });
    const { port, allowed } = world.targets;
    const bad = [
      `http://127.0.0.1:${port}/`,
      `//127.0.0.1:${port}/`,
      `https://${new URL(allowed).host}/`,
      `http://[::ffff:7f00:1]:${port}/`,
    ];
    const urls = [301, 302, 303, 307, 308].flatMap((status) =>
      bad.map((to) => `${server.origin}/${status}/${encodeURIComponent(to)}`),
    );
    const script = `export async function main(urls) {
      return codes(urls.map((url) => read(url, { method: 'POST', body: 'secret body', secret: 'partner' })));
    }`;
    assert.equal(await outputOf(play(world, script, urls, { allow: [server.origin, allowed] })), ['DENIED']);
    assert.is(world.denials.length, urls.length);
  },
};
