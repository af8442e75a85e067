import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { judgeSafety, type Surroundings, surroundings } from '../../host/safety.ts';

const safety = suite('unsafe surroundings of a production host');

const SAFE: Surroundings = {
  inspectorUrl: undefined,
  engineVersion: '7.0.1',
  uid: 1000,
  constrainedMemory: 2 ** 30,
  totalMemory: 2 ** 33,
};

safety('a bounded host of a user of its own, without an inspector, has nothing against it', () => {
  assert.equal(judgeSafety(SAFE), { refused: [], warned: [] });
});

safety('an inspector that listens is refused', () => {
  const { refused } = judgeSafety({ ...SAFE, inspectorUrl: 'ws://127.0.0.1:9229/x' });
  assert.is(refused.length, 1);
  assert.match(refused[0] ?? '', /the inspector listens/);
});

safety('an engine with the known escape is refused, a later one is not', () => {
  for (const engineVersion of ['7.0.0', '6.2.0', '7.0.1-rc.1', 'nonsense']) {
    assert.match(judgeSafety({ ...SAFE, engineVersion }).refused.join(), /isolated-vm is .*expected 7\.0\.1/);
  }
  for (const engineVersion of ['7.0.1', '7.1.0', '8.0.0', '10.0.0']) {
    assert.equal(judgeSafety({ ...SAFE, engineVersion }).refused, []);
  }
});

safety('the engine that is installed is a safe one', async () => {
  assert.equal(judgeSafety({ ...(await surroundings()), inspectorUrl: undefined }).refused, []);
});

safety('root, and memory that nothing bounds, are told to the operator', () => {
  assert.is(judgeSafety({ ...SAFE, uid: 0 }).warned.length, 1);
  assert.is(judgeSafety({ ...SAFE, constrainedMemory: 0 }).warned.length, 1);
  assert.is(judgeSafety({ ...SAFE, constrainedMemory: 2 ** 63 }).warned.length, 1);
});

safety.run();
