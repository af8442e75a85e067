import { HEAD } from '../fhir/parts/script.ts';
import type { Attack } from '../harness/attack.ts';

/** The planner estimates from all rows; on PostgreSQL `tenant_id=eq.b&count=planned` told how many rows b has. */
export const attack: Attack = {
  claim: 'an estimated count tells nothing of rows that the script may not see',
  script: `${HEAD}
    export async function main(t) {
      const raw = (args) => $cloister.call('db.request', { target: { table: 'notes' }, method: 'GET', query: [], headers: {}, ...args });
      const count = async (tenant, kind) => (await raw({ query: [['tenant_id', 'eq.' + tenant], ['limit', '1']], headers: { prefer: 'count=' + kind } })).headers;
      const [one, other] = await Promise.all([t.tenant.foreign, 'nobody'].map((tenant) => Promise.all(['planned', 'estimated', 'exact'].map((kind) => count(tenant, kind)))));
      return [JSON.stringify(one) === JSON.stringify(other), new Set(one.map((headers) => headers['preference-applied'])).size];
    }`,
  returns: [true, 1],
};
