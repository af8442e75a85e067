import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';
import { HOST, outputOf, play } from './parts/net.ts';
import { serve } from './parts/server.ts';

export const attack: Attack = {
  claim: 'upper case, IDN and punycode of an allowed name, and one label for a star, are allowed',
  act: async (world) => {
    await using server = await serve((_, response) => response.end());
    const { port } = server;
    const allow = ['http://ok.test', 'http://*.wild.test', 'http://bücher.test'].map((origin) => `${origin}:${port}`);
    const urls = ['OK.test', 'a.wild.test', 'A.WILD.test', 'xn--bcher-kva.test', 'BÜCHER.test'].map(
      (host) => `http://${host}:${port}`,
    );
    const script = 'export async function main(urls) { return codes(urls.map((url) => read(url))); }';
    assert.equal(await outputOf(play(world, script, urls, { allow, lookup: async () => [HOST] })), [200]);
  },
};
