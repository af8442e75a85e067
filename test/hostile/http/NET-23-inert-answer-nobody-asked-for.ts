import type { Socket } from 'node:net';
import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';
import { outputOf, play } from './parts/net.ts';
import { serve, serveRaw } from './parts/server.ts';

const GOOD = 'HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ngood';
const POISON = 'HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nPOISON';
/** Longer than the host needs to see what came, shorter than it keeps an idle connection or waits for an answer. */
const SEEN_MS = 800;

/**
 * Sent on an idle connection it became the answer of the next request (undici CVE-2026-6733). The script asks again only when
 * the host has given the connection up, or has had time enough to.
 */
export const attack: Attack = {
  claim: 'an answer that nobody asked for is nobody’s answer',
  act: async (world) => {
    const poisoned: Promise<unknown>[] = [];
    const poison = (socket: Socket): void => {
      socket.write(GOOD);
      poisoned.push(new Promise((resolve) => socket.once('close', resolve)));
      setTimeout(() => socket.write(POISON), 20);
    };
    await using server = await serveRaw(poison);
    await using gate = await serve((_, response) => {
      const seen = new Promise((resolve) => setTimeout(resolve, SEEN_MS));
      void Promise.race([Promise.all(poisoned), seen]).then(() => response.end());
    });
    const script = `export async function main([url, gate]) {
      const bodies = [];
      for (let n = 0; n < 3; n += 1) {
        bodies.push((await read(url)).body);
        await read(gate);
      }
      return bodies;
    }`;
    const asked = play(world, script, [server.origin, gate.origin], { allow: [server.origin, gate.origin] });
    assert.equal(await outputOf(asked), ['good', 'good', 'good']);
  },
};
