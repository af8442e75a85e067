import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseFromBuild } from '../../sandbox/build/parse.ts';

const test = suite('messages of a build process');
const problem = { code: 'BUILD_FAILED', file: 'a.ts', line: 1, column: 1, found: 'x', expected: 'y' };

test('a message that has not its shape is none', () => {
  const bad: unknown[] = [
    null,
    [],
    { t: 'nope' },
    { t: 'ask', id: '1', question: { of: 'file', path: 'a' } },
    { t: 'ask', id: 1, question: { of: 'file' } },
    { t: 'ask', id: 1, question: { of: 'disk', path: '/etc/passwd' } },
    { t: 'ask', id: 1, question: { of: 'package', name: 'a' } },
    { t: 'made', code: 'x', map: '{}', exports: [1], inputs: [] },
    { t: 'failed', problems: {} },
    { t: 'failed', problems: [{ ...problem, code: 'MADE_UP' }] },
    { t: 'failed', problems: [{ ...problem, line: 0 }] },
    { t: 'failed', problems: [{ ...problem, column: 1.5 }] },
    { t: 'failed', problems: [{ ...problem, found: { toString: 'x' } }] },
  ];
  for (const value of bad) assert.is(parseFromBuild(value), null, JSON.stringify(value));
});

test('problems are few and short, and have nothing that a problem does not have', () => {
  const long = { ...problem, file: 'f'.repeat(1e5), found: 'x'.repeat(1e6), expected: 'y'.repeat(1e6), more: 'z' };
  const message = parseFromBuild({ t: 'failed', problems: Array.from({ length: 1000 }, () => long) });
  assert.ok(message?.t === 'failed');
  assert.is(message.problems.length, 20);
  for (const each of message.problems) assert.equal(Object.keys(each), Object.keys(problem));
  assert.ok(JSON.stringify(message).length < 200_000);
});

test.run();
