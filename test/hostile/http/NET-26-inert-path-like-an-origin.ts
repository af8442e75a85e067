import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';
import { outputOf, play } from './parts/net.ts';
import { serve } from './parts/server.ts';

/** `undici.request` took a path that begins with two slashes for another host (CVE-2022-35949). */
export const attack: Attack = {
  claim: 'a path that looks like another origin stays a path',
  act: async (world) => {
    await using server = await serve((request, response) => response.end(request.url));
    const bad = `127.0.0.1:${world.targets.port}`;
    const paths = [
      `//${bad}/`,
      `///${bad}`,
      `/http://${bad}/`,
      `/\\${bad}`,
      `/%2f%2f${bad}`,
      `/@${bad}`,
      `/..//${bad}`,
    ];
    const urls = paths.map((path) => server.origin + path);
    const script = 'export async function main(urls) { return codes(urls.map((url) => read(url))); }';
    assert.equal(await outputOf(play(world, script, urls, { allow: [server.origin] })), [200]);
    assert.is(server.requests.length, paths.length);
  },
};
