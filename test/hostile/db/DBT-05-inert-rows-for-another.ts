import { HEAD } from '../fhir/parts/script.ts';
import type { Attack } from '../harness/attack.ts';

export const attack: Attack = {
  claim: 'a row for another tenant is refused by the policies, in every way of writing it, and changes nothing there',
  script: `${HEAD}
    export async function main(t) {
      const raw = (args) => $cloister.call('db.request', { target: { table: 'notes' }, method: 'GET', query: [], headers: {}, ...args });
      const forged = { id: t.row.foreign, tenant_id: t.tenant.foreign, body: 'taken' };
      const fresh = { tenant_id: t.tenant.foreign };
      const json = { 'content-type': 'application/json' };
      const works = [
        db.from('notes').insert(forged), db.from('notes').insert(fresh), db.from('notes').insert([{ tenant_id: t.tenant.own }, fresh]), db.from('notes').upsert(forged), db.from('notes').upsert(forged, { onConflict: 'tenant_id,id' }),
        db.from('notes').upsert(forged, { ignoreDuplicates: true }), db.from('notes').update({ tenant_id: t.tenant.foreign }).eq('id', t.row.own), db.from('notes').update(forged).eq('id', t.row.own),
      ];
      const codes = (await Promise.all(works)).map(({ error }) => error?.code);
      const csv = await raw({ method: 'POST', headers: { 'content-type': 'text/csv' }, body: 'tenant_id,id\\n' + t.tenant.foreign + ',' + t.row.missing });
      const columns = await raw({ method: 'POST', headers: json, query: [['columns', 'tenant_id']], body: JSON.stringify([{ ...fresh, id: t.row.missing }]) });
      return [[...new Set(codes)], csv.status >= 400, columns.status >= 400];
    }`,
  limits: { wallMs: 10_000 },
  returns: [['42501'], true, true],
};
