import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';
import { outputOf, play } from './parts/net.ts';

export const attack: Attack = {
  claim: 'schemes other than http and https, http for https and other ports are refused',
  act: async (world) => {
    const { port, file, socket, allowed } = world.targets;
    const urls = [
      `file://${file}`,
      `ftp://127.0.0.1:${port}/`,
      `gopher://127.0.0.1:${port}/_x`,
      'data:text/plain,x',
      `ws://127.9.9.9:${new URL(allowed).port}/`,
      `unix:${socket}`,
      `http+unix://${encodeURIComponent(socket)}/`,
      `blob:${allowed}/x`,
      'http://ok.test/',
      'https://ok.test:8443/',
      'https://ok.test:80/',
      `http://127.9.9.9:${port}/`,
      allowed.replace('http', 'https'),
    ];
    const script = 'export async function main(urls) { return codes(urls.map((url) => read(url))); }';
    assert.equal(await outputOf(play(world, script, urls, { allow: [allowed, 'https://ok.test', `file://${file}`] })), [
      'DENIED',
    ]);
    assert.is(world.denials.length, urls.length);
  },
};
