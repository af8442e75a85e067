import type { Attack } from '../harness/attack.ts';

/** Guards against blocking too much: the globals that people expect. */
export const attack: Attack = {
  claim: 'timers, fetch, URL, encoders, crypto, abort signals and the module cloister work',
  script: `
    import { db, env, fhir, http, log, run } from 'cloister';
    export async function main(t) {
      const url = new URL('/a?b=1#c', t.allowed);
      const response = await fetch(t.allowed + '/echo', { method: 'POST', body: JSON.stringify({ a: 1 }), headers: { 'x-own': '1' } });
      const echoed = await response.json();
      const aborted = AbortSignal.abort();
      const waited = await new Promise((resolve) => { const id = setInterval(() => { clearInterval(id); resolve('tick'); }, 1); });
      log.info('a line', { a: 1 });
      return [url.searchParams.get('b'), response.status, echoed.body, echoed.headers['x-own'], aborted.aborted, waited, env.GREETING, run.workflow,
        new TextDecoder().decode(new TextEncoder().encode('é')), atob(btoa('x')), crypto.randomUUID().length, (await crypto.subtle.digest('SHA-256', new Uint8Array(1))).byteLength,
        (await fhir.read('Patient', t.patient.own)).id === t.patient.own, (await db.from('notes').select('id')).data.length, (await http.fetch(t.allowed + '/none')).status];
    }`,
  returns: ['1', 200, '{"a":1}', '1', true, 'tick', 'hello', 'attack', 'é', 'x', 36, 32, true, 1, 404],
};
