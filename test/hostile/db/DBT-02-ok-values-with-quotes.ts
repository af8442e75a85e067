import { HEAD } from '../fhir/parts/script.ts';
import type { Attack } from '../harness/attack.ts';

/** supabase-js#2670: quotes and backslashes were not escaped. */
export const attack: Attack = {
  claim: 'values with quotes, backslashes, commas and brackets match exactly',
  script: `${HEAD}
    export async function main(t) {
      const texts = ['a"b', 'a\\\\b', 'a,b', 'a)b', '(a', 'a\\\\"b', "a'b"];
      const found = [];
      for (const text of texts) {
        const { data: made } = await db.from('notes').insert({ tenant_id: t.tenant.own, body: { text } }).select('id').single();
        const { data: same, error } = await db.from('notes').select('id').eq('body->>text', text);
        found.push(error ? text + error.message : same.length === 1 && same[0].id === made.id);
      }
      return found.filter((each) => each !== true);
    }`,
  limits: { wallMs: 10_000 },
  returns: [],
};
