import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';
import { outputOf, play } from './parts/net.ts';

/** Errors told which ports of the inside are open (Directus CVE-2022-23080). */
export const attack: Attack = {
  claim: 'an open and a closed port of a private address answer with the same words',
  act: async (world) => {
    const ports = [world.targets.port, 1, 22, 80];
    const urls = ports.map((port) => `http://127.0.0.1${port === 80 ? '' : `:${port}`}`);
    const script = `export async function main(urls) {
      const answers = await Promise.all(urls.map((url) => read(url)));
      return [...new Set(answers.map(({ code, message }) => code + ' ' + message))];
    }`;
    const answers = await outputOf(play(world, script, urls, { allow: urls }));
    const words = 'the address of 127.0.0.1 is not public, and in no http.privateRanges of the tenant';
    assert.equal(answers, [`DENIED http: not allowed: ${words}`]);
  },
};
