import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';
import { outputOf, play } from './parts/net.ts';
import { serve } from './parts/server.ts';

const NAMES = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'all_proxy'];

/** A proxy connects where it likes, past every judgement of addresses (axios CVE-2025-62718); see also test/http/environment. */
export const attack: Attack = {
  claim: 'a proxy of the environment is not used',
  act: async (world) => {
    await using server = await serve((_, response) => response.end('direct'));
    for (const name of NAMES) process.env[name] = `http://127.0.0.1:${world.targets.port}`;
    process.env.NODE_USE_ENV_PROXY = '1';
    try {
      const script = 'export async function main(url) { return read(url).then((a) => a.body); }';
      assert.is(await outputOf(play(world, script, server.origin, { allow: [server.origin] })), 'direct');
    } finally {
      for (const name of [...NAMES, 'NODE_USE_ENV_PROXY']) delete process.env[name];
    }
  },
};
