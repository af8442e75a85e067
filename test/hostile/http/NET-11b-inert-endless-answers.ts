import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';
import { outputOf, play } from './parts/net.ts';
import { serve } from './parts/server.ts';

export const attack: Attack = {
  claim: 'endless chunks end at the cap, a drip and silence at the time asked for; the connection is gone',
  act: async (world) => {
    let closed = 0;
    await using server = await serve(({ url, socket }, response) => {
      socket.once('close', () => {
        closed += 1;
      });
      const part = url === '/flood' ? 'x'.repeat(60_000) : 'x';
      const timer = setInterval(() => url !== '/silent' && response.write(part), 5);
      response.on('close', () => clearInterval(timer));
    });
    const urls = ['/flood', '/drip', '/silent'].map((path) => server.origin + path);
    const script =
      'export async function main(urls) { return codes(urls.map((url) => read(url, { timeoutMs: 700 }))); }';
    assert.equal(await outputOf(play(world, script, urls, { allow: [server.origin] })), ['TOO_LARGE', 'UNAVAILABLE']);
    while (closed < urls.length) await new Promise((resolve) => setTimeout(resolve, 10));
  },
};
