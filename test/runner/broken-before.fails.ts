import { suite } from 'uvu';

const test = suite('a suite whose before throws');

test.before(() => {
  throw new Error('on purpose');
});

test('is never reached', () => {});

test.run();
