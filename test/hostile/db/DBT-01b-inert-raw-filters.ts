import { HEAD } from '../fhir/parts/script.ts';
import type { Attack } from '../harness/attack.ts';

/** A script need not use the query builder. */
export const attack: Attack = {
  claim: 'a request made by hand meets no more than the builder does',
  script: `${HEAD}
    export async function main(t) {
      const raw = (args) => $cloister.call('db.request', { target: { table: 'notes' }, method: 'GET', query: [], headers: {}, ...args });
      const pairs = [['tenant_id', 'eq.' + t.tenant.foreign], ['or', '(tenant_id.eq.' + t.tenant.foreign + ',id.not.is.null)'], ['not.and', '(tenant_id.eq.' + t.tenant.own + ')'], ['id', 'in.(' + t.row.foreign + ')'], ['tenant_id', 'like.*'], ['id', 'not.is.null']];
      const answers = await Promise.all(pairs.flatMap((pair) => [raw({ query: [pair] }), raw({ query: [pair, ['tenant_id', 'neq.' + t.tenant.own]], headers: { prefer: 'count=exact' }, method: 'HEAD' })]));
      const rows = answers.flatMap(({ body }) => (body ? JSON.parse(body) : [])).flat();
      const counts = answers.map(({ headers }) => headers['content-range']).filter((range) => range?.includes('/') && !/\\/(\\*|0)$/.test(range));
      return [rows.filter((row) => row.tenant_id && row.tenant_id !== t.tenant.own), counts];
    }`,
  returns: [[], []],
};
