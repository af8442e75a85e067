import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';
import { outputOf, play } from './parts/net.ts';
import { serveRaw } from './parts/server.ts';

/** Upgrades went past the checks on requests (Next.js CVE-2026-44578); a switch to HTTP/2 would go past those on headers. */
export const attack: Attack = {
  claim: 'a server cannot switch the connection to a WebSocket, to h2c or to HTTP/2',
  act: async (world) => {
    const answers = [
      'HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n',
      'HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\nconnection: upgrade\r\n\r\n',
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    ];
    for (const answer of answers) {
      await using server = await serveRaw((socket) => socket.write(answer));
      const script = 'export async function main(url) { return codes([read(url)]); }';
      assert.equal(await outputOf(play(world, script, server.origin, { allow: [server.origin] })), ['UNAVAILABLE']);
    }
  },
};
