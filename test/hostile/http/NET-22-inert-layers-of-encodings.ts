import { gzipSync, zstdCompressSync } from 'node:zlib';
import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';
import { outputOf, play } from './parts/net.ts';
import { serve } from './parts/server.ts';

/** A header holds thousands of layers (undici CVE-2026-22036); a cap for gzip did not hold for others (Netty CVE-2026-42587). */
export const attack: Attack = {
  claim: 'a body encoded more than once, or in a way that was not asked for, is not decoded',
  act: async (world) => {
    const zeros = Buffer.alloc(30_000_000);
    const answers: Readonly<Record<string, [string, Buffer]>> = {
      '/twice': ['gzip, gzip', gzipSync(gzipSync(zeros))],
      '/often': [Array.from({ length: 1_000 }, () => 'gzip').join(', '), gzipSync('x')],
      '/zstd': ['zstd', zstdCompressSync(zeros)],
      '/mixed': ['br, gzip', gzipSync('x')],
    };
    await using server = await serve(({ url = '' }, response) => {
      const [name, body] = answers[url] ?? ['', Buffer.alloc(0)];
      response.writeHead(200, { 'content-encoding': name }).end(body);
    });
    const urls = Object.keys(answers).map((path) => server.origin + path);
    const script = 'export async function main(urls) { return codes(urls.map((url) => read(url))); }';
    assert.equal(await outputOf(play(world, script, urls, { allow: [server.origin] })), ['UNAVAILABLE']);
  },
};
