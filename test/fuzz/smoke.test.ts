// timeout: 180
/** Each target but those of the API for a moment with one seed, and controls: what fails is found, shrunk and repeated by its seed. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { faultsOf, signatureOf } from './attempt.ts';
import { hunt } from './hunt.ts';
import { readOptions } from './options.ts';
import { Random } from './random.ts';
import { shrink } from './shrink.ts';
import type { Bench, Input, Target } from './target.ts';
import { TARGETS } from './targets/index.ts';

const test = suite('fuzzing');
const MS = 1_000;
const input = (...parts: string[]): Input => ({ kind: 'x', parts });

for (const target of TARGETS.filter(({ name }) => name !== 'http' && name !== 'endpoints')) {
  test(`${target.name}: nothing is found in ${MS / 1000} s`, async () => {
    const tally = await hunt({ target, seed: 'smoke', first: 0, ms: MS, known: new Set() });
    assert.ok(Object.values(tally.tried).length > 0);
    assert.equal(tally.findings, []);
  });
}

/** A target that holds unless a part has the letter z. */
function planted(fails: (part: string) => unknown): Target {
  const bench: Bench = {
    make: (random) => ({ kind: 'x', parts: random.several(1, 5, () => random.pick(['a', 'b\nz\nc', 'd'])) }),
    attempt: async ({ parts }) => {
      for (const part of parts) if (part.includes('z')) await fails(part);
      return [];
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
  return { name: 'planted', open: async () => bench };
}

test('a rejection of an attempt is a fault, and so are errors that nobody catches', async () => {
  const failures = [
    () => Promise.reject(new Error('broken 1')),
    () => void Promise.reject(new Error('broken 2')),
    () => void setImmediate(() => assert.unreachable('broken 3')),
  ];
  const found: string[] = [];
  for (const fails of failures) found.push(...(await faultsOf(await planted(fails).open(), input('z'))));
  assert.is(found.length, 3, found.join('\n'));
  for (const [i, fault] of found.entries()) assert.match(fault, `broken ${i + 1}`);
});

test('a seed makes the same inputs again', () => {
  const make = () => {
    const random = new Random('a/b/1');
    return random.several(5, 9, () => [random.below(1000), random.scratched('some text'), random.pick([1, 2, 3])]);
  };
  assert.equal(make(), make());
  assert.not.equal(new Random('a').below(1e9), new Random('b').below(1e9));
});

test('a failing input shrinks to what makes it fail', async () => {
  const whole = input('aaa', 'b\nneedle z\nc', 'd');
  const small = await shrink(whole, 5_000, async ({ parts }) => parts.some((part) => part.includes('z')));
  assert.equal(small.parts, ['z']);
});

test('numbers and ids do not make a fault another one', () => {
  assert.is(signatureOf('took 12 ms for 0123456789abcdef'), signatureOf('took 7.5 ms for fedcba9876543210'));
  assert.is.not(signatureOf('took 12 ms'), signatureOf('took 12 bytes'));
});

test('options that make no sense are refused', () => {
  for (const args of [['--minutes', '0'], ['--case', 'x'], ['--only', 'c'], ['--nope']]) {
    assert.throws(() => readOptions(args, ['a', 'b']));
  }
  assert.is(readOptions(['--minutes', '3', '--only', 'a'], ['a', 'b']).minutes, 3);
});

test.run();
