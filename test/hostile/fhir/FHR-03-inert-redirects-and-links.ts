import * as assert from 'uvu/assert';
import { createFhirCapability } from '../../../host/broker/fhir.ts';
import { runOf } from '../../fhir/fixture.ts';
import type { Attack } from '../harness/attack.ts';
import { serve } from '../http/parts/server.ts';

/** HAPI's CVE-2026-34359 and CVE-2026-34361: credentials followed what an answer named. */
export const attack: Attack = {
  claim: 'where the FHIR server points to, by redirect or link, neither the call nor its credential follows',
  act: async (world) => {
    const { port } = world.targets;
    const bad = [
      `http://127.0.0.1:${port}/fhir`,
      `//127.0.0.1:${port}/`,
      `http://ok@127.0.0.1:${port}/`,
      'file:///etc/passwd',
    ];
    let at = 0;
    await using server = await serve((request, response) => {
      const target = bad[at++ % bad.length] ?? '';
      const link = [{ relation: 'next', url: `${target}/Patient?_offset=1` }];
      if (!request.url?.includes('Group')) response.writeHead(307, { location: target }).end();
      else response.end(JSON.stringify({ resourceType: 'Bundle', type: 'searchset', link }));
    });
    const auth = { bearer: world.canaries.tokens.get('credential') ?? '' };
    const capability = createFhirCapability({ baseUrl: server.origin, mode: 'organization-prefix', auth });
    const call = (method: string, args: object) => capability.methods.get(`fhir.${method}`)?.(args, runOf('tenant-a'));
    for (const _ of bad) {
      world.seen.push(String(await call('read', { type: 'Patient', id: 'x' })?.catch((error: unknown) => error)));
      const found = await call('search', { type: 'Group' });
      assert.not.match(JSON.stringify(found), /127\.0\.0\.1|etc.passwd/);
      world.seen.push(JSON.stringify(found));
    }
    await capability.close();
  },
};
