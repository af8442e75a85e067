import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';
import { VICTIM } from '../harness/world.ts';
import { HEAD } from './parts/script.ts';

const seen = `import { fhir } from 'cloister';
  export const main = (t) => fhir.read('Organization', t.tenant.foreign).then(({ name }) => name, ({ code }) => code);`;

export const attack: Attack = {
  claim: "a write to another tenant's Organization, or tagged as its, changes nothing there",
  act: async (world) => {
    const look = () => world.script(seen, { tenant: VICTIM }).then((outcome) => outcome.ok && outcome.output);
    const before = await look();
    const outcome = await world.script(`${HEAD}
      export async function main(t) {
        const labels = { tag: [{ code: t.tenant.foreign }], security: [{ code: t.tenant.foreign }] };
        const forged = { resourceType: 'Organization', id: t.tenant.foreign, name: 'forged', meta: labels };
        await fhir.update(forged);
        await fhir.transaction(bundle('transaction', entry('PUT', 'Organization/' + t.tenant.foreign, forged)));
        await fhir.delete('Organization', t.tenant.foreign);
        return 'done';
      }`);
    assert.ok(outcome.ok);
    assert.is(before, 'NOT_FOUND');
    assert.is(await look(), before);
  },
};
