import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';
import { outputOf, play } from './parts/net.ts';
import { serveRaw } from './parts/server.ts';

/** `BadStatusLine('SSH-2.0-OpenSSH_7.6')` named the service behind a port (Redash CVE-2020-12725). */
export const attack: Attack = {
  claim: 'what a server says that is no HTTP does not come back in the error',
  act: async (world) => {
    const banner = world.canaries.tokens.get('credential');
    await using server = await serveRaw((socket) => socket.end(`SSH-2.0-${banner}\r\n`));
    const script = 'export async function main(url) { return read(url); }';
    assert.equal(await outputOf(play(world, script, server.origin, { allow: [server.origin] })), {
      code: 'UNAVAILABLE',
      message: `http: ${server.origin}: no answer`,
    });
  },
};
