import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';
import { outputOf, play } from './parts/net.ts';
import { serve } from './parts/server.ts';

const NAMES = ['x-api-key', 'x-auth-token', 'api-key', 'private-token', 'x-vault-token', 'token', 'x-anything'];

/** Lists of credential headers were always one too short (follow-redirects CVE-2026-40895, node-fetch#1880). */
export const attack: Attack = {
  claim: 'no header that may be a credential, whatever its name, follows a redirect to another origin',
  act: async (world) => {
    await using target = await serve((_, response) => response.end('reached'), '127.9.9.9');
    await using server = await serve((_, response) => response.writeHead(308, { location: target.origin }).end());
    const headers = Object.fromEntries(NAMES.map((name) => [name, 'own-token']));
    const script =
      'export async function main({ url, headers }) { return read(url, { headers }).then((a) => a.body); }';
    const params = { url: server.origin, headers: { ...headers, accept: 'text/csv' } };
    assert.is(await outputOf(play(world, script, params, { allow: [server.origin, target.origin] })), 'reached');
    const got = target.requests[0]?.headers ?? {};
    assert.not.match(JSON.stringify(got), 'own-token');
    assert.is(got.accept, 'text/csv');
  },
};
