// timeout: 400
// deep
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BUILDS } from './weakened/builds.ts';
import { attackWeakened } from './weakened/copy.ts';
import { assertRed, assertWithstood, attackWithout } from './weakened/judge.ts';

const test = suite('hostile: each defence is what holds its attacks');

test('a copy from which nothing is taken withstands', async () => {
  assertWithstood(await attackWeakened([], ['BRG-02', 'BRG-17', 'RES-07']));
});

test('a text that is not in the source fails instead of passing', async () => {
  const edits = [{ file: 'sandbox/call.ts', from: 'no such text', to: '' }];
  const refused = await attackWeakened(edits, ['BRG-04']).catch((error: Error) => error.message);
  assert.match(String(refused), /found the text 0 times/);
});

for (const build of BUILDS) {
  test(`succeeds without: ${build.map(({ defence }) => defence).join('; ')}`, async () => {
    const weakened = await attackWithout(build);
    for (const weakening of build) assertRed(weakening, weakened);
  });
}

test.run();
