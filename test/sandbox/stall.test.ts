import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { codeOf, openRig } from './rig.ts';

const test = suite('a host that is held up');

/** Nothing else runs in this process meanwhile. */
function holdUp(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

test('takes no cell for silent that has spoken meanwhile', async () => {
  const rig = openRig();
  try {
    const neighbour = rig.run(
      'async function main() { await new Promise((done) => setTimeout(done, 7_000)); return 1; }',
      {
        cell: 'tenant-b',
      },
    );
    // Held up while it reads from a cell: the look at the cells is what comes next.
    const run = rig.run(
      "async function main() { await new Promise((done) => setTimeout(done, 500)); await $cloister.call('a.b', 1); }",
      {
        call: async () => holdUp(5_500),
      },
    );
    assert.equal([codeOf(await run), codeOf(await neighbour)], ['ok', 'ok']);
    assert.equal(rig.events, []);
  } finally {
    await rig.sandbox.close();
  }
});

test.run();
