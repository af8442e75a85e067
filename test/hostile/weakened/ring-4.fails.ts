// timeout: 120
import { suite } from 'uvu';
import { RINGS } from './builds.ts';
import { assertWithstood, attackWithout } from './judge.ts';

const test = suite('hostile: without ring 4');

test('a build without ring 4 withstands the attack that this ring ends', async () => {
  assertWithstood(await attackWithout([RINGS[4]]));
});

test.run();
