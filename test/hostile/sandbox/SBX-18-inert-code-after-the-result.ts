import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';

const RUN = `export async function main() {
  const spin = () => { for (;;); };
  const registry = typeof FinalizationRegistry === 'undefined' ? null : new FinalizationRegistry(spin);
  registry?.register({}, 1);
  Promise.reject(new Error('late'));
  setTimeout(spin, 0);
  queueMicrotask(() => setTimeout(spin, 0));
  void (async () => { await 0; await $cloister.call('probe.echo', 1); spin(); })();
  return registry === null;
}`;

/** vm2, GHSA-r4fx-v8hh-22mv: a finalizer ran after the result was out, under no time limit. */
export const attack: Attack = {
  claim: 'no code of a script runs on once its result is out',
  act: async ({ script, sandbox }) => {
    const { kills } = sandbox.stats();
    const began = performance.now();
    for (let i = 0; i < 5; i++) {
      const outcome = await script(RUN);
      assert.is(outcome.ok && outcome.output, true);
    }
    assert.ok(performance.now() - began < 5_000);
    assert.is(sandbox.stats().kills, kills);
  },
};
