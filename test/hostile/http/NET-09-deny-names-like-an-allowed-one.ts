import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';
import { outputOf, play } from './parts/net.ts';

export const attack: Attack = {
  claim: 'a name matches exactly or label by label; a name that does not is not even resolved',
  act: async (world) => {
    const asked: string[] = [];
    const lookup = async (name: string) => {
      asked.push(name);
      return ['127.0.0.1'];
    };
    const hosts = [
      'ok.com.evil',
      'evilok.com',
      'ok.com.',
      'a.ok.com',
      'b.a.wild.com',
      'wild.com',
      'a.wild.com.evil',
      'xn--k-fja.com',
      'оk.com',
      'ok。com.evil',
      'a.top',
    ];
    const allow = ['https://ok.com', 'https://*.wild.com', 'https://*.top', 'https://*', '*'];
    const script = 'export async function main(hosts) { return codes(hosts.map((host) => read("https://" + host))); }';
    assert.equal(await outputOf(play(world, script, hosts, { allow, lookup })), ['DENIED']);
    assert.equal(asked, []);
  },
};
