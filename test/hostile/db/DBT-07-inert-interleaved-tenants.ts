import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';
import { ATTACKER, VICTIM } from '../harness/world.ts';

const script = `import { db, run } from 'cloister';
  export async function main(t) {
    const met = [];
    for (let at = 0; at < 8; at++) {
      await db.from('notes').insert({ tenant_id: t.tenant.foreign, body: run.id });
      const { data } = await db.from('notes').select('tenant_id').or('id.not.is.null,tenant_id.neq.x');
      met.push(...data.map((row) => row.tenant_id));
      await db.rpc('nothing');
    }
    return [...new Set(met)];
  }`;

/** A hundred of them, on a real PostgreSQL, are in `test/db/pool.test.ts`. */
export const attack: Attack = {
  claim: 'runs of two tenants that take turns on the same database see their own rows only',
  act: async (world) => {
    const tenants = Array.from({ length: 4 }, (_, at) => (at % 2 === 0 ? ATTACKER : VICTIM));
    const outcomes = await Promise.all(
      tenants.map((tenant) => world.script(script, { tenant, limits: { wallMs: 10_000 } })),
    );
    // What the victim itself sees is no escape.
    world.seen.length = 0;
    for (const [at, outcome] of outcomes.entries()) assert.equal(outcome.ok && outcome.output, [tenants[at]]);
  },
};
