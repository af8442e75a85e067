import * as assert from 'uvu/assert';
import type { Attack } from '../harness/attack.ts';

const LEAVE = `export async function main() {
  setInterval(() => $cloister.call('probe.echo', 'from the grave'), 1);
  setTimeout(() => console.log('from the grave'), 20);
  void (async () => { for (;;) await $cloister.call('probe.wait', 5).then(() => $cloister.call('probe.echo', 'from the grave')); })();
  void (async () => { await $cloister.call('probe.wait', 30); console.log('from the grave'); })();
  return 'gone';
}`;

/** What a run leaves behind is over with its result. */
export const attack: Attack = {
  claim: 'timers, calls and promises that a run leaves open do nothing once its result is known',
  act: async ({ script, probe, lines }) => {
    const outcome = await script(LEAVE);
    assert.equal(outcome.ok && outcome.output, 'gone');
    const calls = probe.calls.length;
    await script('export async function main() { await new Promise((resolve) => setTimeout(resolve, 80)); }');
    assert.is(probe.calls.length, calls);
    assert.is(lines.length, 0);
  },
};
