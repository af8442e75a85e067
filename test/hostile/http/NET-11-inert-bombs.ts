import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';
import { outputOf, play } from './parts/net.ts';
import { serve } from './parts/server.ts';

const zeros = Buffer.alloc(50_000_000);
const BOMBS = { gzip: gzipSync(zeros), deflate: deflateSync(zeros), br: brotliCompressSync(zeros) };

export const attack: Attack = {
  claim: 'a body that grows as it is inflated ends at the cap',
  act: async (world) => {
    await using server = await serve((request, response) => {
      const name = (request.url ?? '').slice(1) as keyof typeof BOMBS;
      response.writeHead(200, { 'content-encoding': name }).end(BOMBS[name]);
    });
    const urls = Object.keys(BOMBS).map((name) => `${server.origin}/${name}`);
    const script = 'export async function main(urls) { return codes(urls.map((url) => read(url))); }';
    const net = { allow: [server.origin], timeoutMs: 5_000 };
    assert.equal(await outputOf(play(world, script, urls, net)), ['TOO_LARGE']);
  },
};
