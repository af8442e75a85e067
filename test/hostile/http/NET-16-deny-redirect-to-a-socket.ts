import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';
import { outputOf, play } from './parts/net.ts';
import { serve } from './parts/server.ts';

/** `got` followed a redirect to a UNIX socket (CVE-2022-33987). */
export const attack: Attack = {
  claim: 'no redirect leads to a UNIX socket, a file or a pipe',
  act: async (world) => {
    const { socket, file } = world.targets;
    const to = [
      `unix:${socket}:/`,
      `http://unix:${socket}:/`,
      `http+unix://${encodeURIComponent(socket)}/`,
      `file://${file}`,
      `pipe:${socket}`,
    ];
    await using server = await serve((request, response) => {
      response.writeHead(302, { location: to[Number(request.url?.slice(1))] ?? '/' }).end();
    });
    const urls = to.map((_, n) => `${server.origin}/${n}`);
    const script = 'export async function main(urls) { return codes(urls.map((url) => read(url))); }';
    assert.equal(await outputOf(play(world, script, urls, { allow: [server.origin] })), ['DENIED']);
    assert.is(world.denials.length, urls.length);
  },
};
