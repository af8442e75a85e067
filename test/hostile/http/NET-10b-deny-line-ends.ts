import type { Attack } from '../harness/attack.ts';

export const attack: Attack = {
  claim: 'line ends and other control characters in name, value, path and method are refused',
  script: `import { http } from 'cloister';
    export async function main({ allowed }) {
      const url = allowed + '/echo';
      const inits = ['x\\r\\nHost: evil', 'x\\ny', 'x\\0', 'x y', '', 'x:'].map((name) => ({ headers: { [name]: 'v' } }));
      inits.push(...['a\\r\\nHost: evil', 'a\\nb', 'a\\0', 'a\\u010ab', 'a\\u2028'].map((value) => ({ headers: { 'x-a': value } })));
      inits.push(...['GET / HTTP/1.1\\r\\nx: y', 'CONNECT', 'TRACE', 'PRI', 'GET ', ''].map((method) => ({ method })));
      const calls = inits.map((init) => http.fetch(url, init));
      calls.push(...['\\r\\nHost: evil', '\\t', '\\0', '\\n'].map((end) => http.fetch(url + end)));
      return [...new Set((await Promise.allSettled(calls)).map(({ reason }) => reason?.code))];
    }`,
  limits: { inFlight: 32 },
  returns: ['DENIED'],
};
