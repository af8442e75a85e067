import { HEAD } from '../fhir/parts/script.ts';
import type { Attack } from '../harness/attack.ts';

export const attack: Attack = {
  claim: 'whatever text a filter holds, rows of another tenant are neither met nor changed',
  script: `${HEAD}
    export async function main(t) {
      const texts = ['x),or(tenant_id.eq.' + t.tenant.foreign, 'tenant_id.eq.' + t.tenant.foreign, 'id.not.is.null,tenant_id.neq.' + t.tenant.own, '"x","\\\\"),tenant_id.eq.' + t.tenant.foreign, 'id.eq.' + t.row.foreign, "' or 1=1 --", 'and(id.eq.' + t.row.foreign + ')'];
      const met = [];
      for (const text of texts) {
        for (const query of [
          db.from('notes').select().or(text), db.from('notes').select().filter('tenant_id', 'in', '(' + text + ')'), db.from('notes').select().in('tenant_id', [text, t.tenant.foreign]),
          db.from('notes').select().not('tenant_id', 'eq', t.tenant.own), db.from('notes').update({ body: 'taken' }).or(text).neq('tenant_id', t.tenant.own).select(),
          db.from('notes').delete().or(text).neq('tenant_id', t.tenant.own).select(), db.from('notes').select('*', { count: 'exact', head: true }).or(text).neq('tenant_id', t.tenant.own),
        ]) {
          const { data, count } = await query;
          met.push(...(data ?? []).map((row) => row.tenant_id), ...(count ? [count] : []));
        }
      }
      return [...new Set(met)].filter((each) => each !== t.tenant.own);
    }`,
  limits: { wallMs: 10_000 },
  returns: [],
};
