import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';
import { VICTIM } from '../harness/world.ts';

const HOG = 'export async function main() { const kept = []; for (;;) kept.push(new Array(1_000).fill(1.5)); }';
const CLEAN = "export async function main() { await $cloister.call('probe.wait', 20); return 'fine'; }";

/** n8n#28062: one script out of memory took those of others with it, and the next ones too. */
export const attack: Attack = {
  claim: 'hogs one after another fail alone: runs beside them, before and after, complete',
  act: async ({ script }) => {
    for (let i = 0; i < 3; i++) {
      const limits = { heapMb: 32, cpuMs: 5_000, wallMs: 10_000 };
      const [hog, ...others] = await Promise.all([
        script(HOG, { limits }),
        script(CLEAN, { limits }),
        script(CLEAN, { limits }),
        script(CLEAN, { tenant: VICTIM }),
      ]);
      assert.is(hog.ok || hog.code, 'SCRIPT_MEMORY');
      assert.equal(
        others.map((each) => each.ok && each.output),
        ['fine', 'fine', 'fine'],
      );
    }
  },
};
