import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';
import { outputOf, play } from './parts/net.ts';
import { serveRaw } from './parts/server.ts';

/** Sent on an idle connection it became the answer of the next request (undici CVE-2026-6733). */
export const attack: Attack = {
  claim: 'an answer that nobody asked for is nobody’s answer',
  act: async (world) => {
    await using server = await serveRaw((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ngood');
      setTimeout(() => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nPOISON'), 20);
    });
    const script = `export async function main(url) {
      const bodies = new Set();
      for (let n = 0; n < 6; n += 1) {
        bodies.add((await read(url)).body);
        await new Promise((resolve) => setTimeout(resolve, n % 2 ? 0 : 60));
      }
      return [...bodies];
    }`;
    assert.equal(await outputOf(play(world, script, server.origin, { allow: [server.origin] })), ['good']);
  },
};
