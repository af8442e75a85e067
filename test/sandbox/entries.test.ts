// timeout: 90
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { codeOf, openRig } from './rig.ts';

const test = suite('entries into an isolate');
const rig = openRig();
test.after(() => rig.sandbox.close());

const WALL_MS = 10_000;
/** Beyond the wall limit, when the time limits of the last entries are due too. */
const UNTIL_MS = WALL_MS * 1.5 + 1_000;

test('the time limits of many entries do not end the cell under a later run when they are due', async () => {
  const began = performance.now();
  const busy = `const main = () => new Promise((resolve) => {
    let left = 19_900;
    const step = () => (left-- > 50 ? setTimeout(step, 0) : resolve(1));
    for (let i = 0; i < 50; i++) step();
  });`;
  const limits = { wallMs: WALL_MS, cpuMs: 20_000, heapMb: 60 };
  await Promise.all(Array.from({ length: 8 }, () => rig.run(busy, { limits })));
  while (performance.now() - began < UNTIL_MS) {
    assert.is(codeOf(await rig.run('const main = () => 1;')), 'ok');
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  assert.equal(rig.events, []);
});

test.run();
