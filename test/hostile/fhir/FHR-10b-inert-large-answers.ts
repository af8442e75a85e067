import type { Attack } from '../harness/attack.ts';
import { HEAD } from './parts/script.ts';

export const attack: Attack = {
  claim: 'an answer beyond the cap of bytes is an error, not memory',
  script: `${HEAD}
    export async function main(t) {
      const name = 'x'.repeat(900000);
      for (let at = 0; at < 6; at++) await fhir.update({ resourceType: 'Group', id: 'large' + at, name });
      return codeOf(fhir.search('Group', { _id: 'large0,large1,large2,large3,large4,large5' }));
    }`,
  limits: { wallMs: 20_000, cpuMs: 5_000 },
  returns: 'TOO_LARGE',
};
