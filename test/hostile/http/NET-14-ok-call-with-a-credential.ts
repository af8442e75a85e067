import type { Attack } from '../harness/attack.ts';

export const attack: Attack = {
  claim: 'an allowed call with JSON and a credential by its alias works, and the script never sees the credential',
  script: `import { http } from 'cloister';
    export async function main({ allowed, alias }) {
      const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"a":1}', secret: alias };
      const { status, body } = await http.fetch(allowed + '/echo', init);
      const got = JSON.parse(body);
      return [status, got.method, got.body, got.headers['content-type']];
    }`,
  returns: [200, 'POST', '{"a":1}', 'application/json'],
};
