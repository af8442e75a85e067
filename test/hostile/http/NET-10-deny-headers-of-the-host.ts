import type { Attack } from '../harness/attack.ts';

const NAMES = [
  'Host',
  'connection',
  'Keep-Alive',
  'Transfer-Encoding',
  'TE',
  'Trailer',
  'Upgrade',
  'Content-Length',
  'Expect',
  'Cookie',
  'Via',
  'Proxy-Authorization',
  'proxy-x',
];

export const attack: Attack = {
  claim: 'headers that steer connection, length and way are refused, by the module and by fetch',
  script: `import { http } from 'cloister';
    export async function main(t) {
      const codes = new Set();
      for (const name of ${JSON.stringify(NAMES)}) {
        const headers = { [name]: name === 'Expect' ? '100-continue' : 'x' };
        for (const call of [() => http.fetch(t.allowed + '/echo', { headers }), () => fetch(t.allowed + '/echo', { headers })]) {
          codes.add(await call().then(() => name, (e) => e.code));
        }
      }
      return [...codes];
    }`,
  returns: ['DENIED'],
};
