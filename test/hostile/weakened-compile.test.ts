// timeout: 400
// deep
import { suite } from 'uvu';
import { COMPILE_BUILDS } from './weakened/compile.ts';
import { assertRed, attackWithout } from './weakened/judge.ts';

const test = suite('hostile: each defence of builds and projects is what holds its attacks');

for (const build of COMPILE_BUILDS) {
  test(`succeeds without: ${build.map(({ defence }) => defence).join('; ')}`, async () => {
    const weakened = await attackWithout(build);
    for (const weakening of build) assertRed(weakening, weakened);
  });
}

test.run();
