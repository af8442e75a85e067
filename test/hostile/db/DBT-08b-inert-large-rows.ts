import { HEAD } from '../fhir/parts/script.ts';
import type { Attack } from '../harness/attack.ts';

export const attack: Attack = {
  claim: 'an answer beyond the cap of bytes is an error, not memory',
  script: `${HEAD}
    export async function main(t) {
      await db.from('notes').insert({ tenant_id: t.tenant.own, body: { large: 'x'.repeat(300000) } });
      const { error } = await db.from('notes').select('a:body,b:body,c:body,d:body').not('body->>large', 'is', null);
      await db.from('notes').delete().not('body->>large', 'is', null);
      return error?.code;
    }`,
  limits: { wallMs: 15_000, cpuMs: 5_000 },
  returns: 'TOO_LARGE',
};
