import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';
import { outputOf, play } from './parts/net.ts';

export const attack: Attack = {
  claim: 'the list is compared with the parsed URL, which is the one that is used',
  act: async (world) => {
    const { port, allowed } = world.targets;
    const { host: good } = new URL(allowed);
    const bad = `127.0.0.1:${port}`;
    const urls = [
      `http://${good}@${bad}/`,
      `http://${good}:x@${bad}/`,
      `http://${bad}#${good}`,
      `http://${bad}?@${good}/`,
      `http://${bad}\\@${good}/`,
      `http://${bad}/..//${good}/`,
      `http:${bad}`,
      `http:\\\\${bad}\\`,
      `http://user:pass@${good}/echo`,
      `http://user@${good}/echo`,
      `http://${bad}%2f@${good}/`,
    ];
    const script = 'export async function main(urls) { return codes(urls.map((url) => read(url))); }';
    assert.equal(await outputOf(play(world, script, urls, { allow: [allowed] })), ['DENIED']);
  },
};
