import { HEAD } from '../fhir/parts/script.ts';
import type { Attack } from '../harness/attack.ts';

/** Found by the property test: the embedded database failed otherwise (409 for 403) where the victim had such a key. */
export const attack: Attack = {
  claim: 'whether another tenant has a key cannot be told by colliding with it',
  script: `${HEAD}
    export async function main(t) {
      const say = async (id) => {
        const works = [
          db.from('notes').insert({ id, tenant_id: t.tenant.foreign }), db.from('notes').upsert({ id, tenant_id: t.tenant.foreign }), db.from('notes').update({ id, tenant_id: t.tenant.foreign }).eq('id', t.row.own),
          db.from('notes').upsert({ id, tenant_id: t.tenant.own }).select('id'), db.from('notes').delete().eq('id', id).select('id'), db.from('notes').update({ body: 1 }).eq('id', id).select(), db.from('notes').select('*', { count: 'exact' }).eq('id', id),
        ];
        const told = [];
        for (const work of works) told.push(await work.then(({ status, data, count, error }) => JSON.stringify([status, data, count, error]).replaceAll(id, 'ID')));
        return told;
      };
      const [foreign, missing] = [await say(t.row.foreign), await say(t.row.missing)];
      return foreign.filter((text, at) => text !== missing[at]);
    }`,
  limits: { wallMs: 10_000 },
  returns: [],
};
