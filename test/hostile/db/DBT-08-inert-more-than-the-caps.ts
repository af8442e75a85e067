import { HEAD } from '../fhir/parts/script.ts';
import type { Attack } from '../harness/attack.ts';

export const attack: Attack = {
  claim: 'rows, bytes, parameters and texts of a request are capped, whatever it asks for',
  script: `${HEAD}
    export async function main(t) {
      const raw = (args) => $cloister.call('db.request', { target: { table: 'notes' }, method: 'GET', query: [], headers: {}, ...args });
      const many = Array.from({ length: 1005 }, () => ({ tenant_id: t.tenant.own, body: { many: 'yes' } }));
      await db.from('notes').insert(many);
      const counts = [];
      for (const query of [[], [['limit', '1000000']], [['limit', '5000']]]) counts.push(JSON.parse((await raw({ query: [...query, ['select', 'id']], ...(query.length > 0 && { headers: { range: '0-999' } }) })).body).length);
      await db.from('notes').delete().eq('body->>many', 'yes');
      return [counts, await outcomes([
        raw({ headers: { range: '0-100000' } }), raw({ query: [['limit', '1e9']] }), raw({ query: [['limit', '-1']] }), raw({ query: [['limit', '1'], ['limit', '9999']] }), raw({ query: Array.from({ length: 300 }, () => ['a', 'b']) }),
      ]), await outcomes([raw({ query: [['id', 'x'.repeat(40000)]] })])];
    }`,
  limits: { wallMs: 15_000, cpuMs: 5_000 },
  returns: [[1000, 1000, 1000], ['BAD_ARGUMENT'], ['TOO_LARGE']],
};
