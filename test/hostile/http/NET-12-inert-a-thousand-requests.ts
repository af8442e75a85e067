import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';
import { outputOf, play } from './parts/net.ts';
import { serve } from './parts/server.ts';

export const attack: Attack = {
  claim: 'a thousand requests at once have a share of connections, and another tenant is served meanwhile',
  act: async (world) => {
    await using server = await serve(({ url }, response) => void (url === '/b' && response.end()));
    const { origin } = server;
    const script = `export async function main(url) {
      return codes(Array.from({ length: 1_000 }, () => read(url, { timeoutMs: 20 })));
    }`;
    const meanwhile = async (call: (url: string) => Promise<number | string>) => {
      while (server.requests.length < 8) await new Promise((resolve) => setTimeout(resolve, 5));
      for (let n = 0; n < 20; n += 1) assert.is(await call(`${origin}/b`), 200);
    };
    const net = { allow: [origin], meanwhile };
    assert.equal(await outputOf(play(world, script, `${origin}/a`, net)), ['UNAVAILABLE']);
  },
};
