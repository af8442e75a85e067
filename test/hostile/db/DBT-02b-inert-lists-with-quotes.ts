import { HEAD } from '../fhir/parts/script.ts';
import type { Attack } from '../harness/attack.ts';

export const attack: Attack = {
  claim: 'a value in a list cannot end the list',
  script: `${HEAD}
    export async function main(t) {
      const lists = [['x","y'], ['x)', t.tenant.foreign], ['"),tenant_id.eq.' + t.tenant.foreign], ['\\\\', '),or(id.not.is.null'], [t.tenant.foreign + '"']];
      const answers = await Promise.all(lists.map((list) => db.from('notes').select('tenant_id').in('tenant_id', list)));
      return answers.flatMap(({ data }) => data ?? []);
    }`,
  returns: [],
};
