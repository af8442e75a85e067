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
import { Judge } from './targets/judge.ts';

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

test('an answer that its operation does not declare is a fault', () => {
  const json = 'application/json';
  const error = { error: 'x', code: 'RUN_NOT_FOUND', requestId: '6f1b2c3d-0000-4000-8000-000000000000' };
  const operation = { id: 'get-ready', path: '/ready', answers: new Map([200, 404].map((status) => [status, json])) };
  const ready = { ready: true, status: 'ready', checks: {} };
  const faults = (status: number, body: unknown, url = '/ready', type = json) =>
    new Judge(['/secret/folder']).faults(
      { ...operation, method: 'GET', query: [], body: null, isOpen: true },
      { method: 'GET', url, headers: {}, body: null },
      { status, type, text: typeof body === 'string' ? body : JSON.stringify(body) },
    );
  assert.equal([...faults(200, ready), ...faults(404, error), ...faults(201, ready, '/ready/..')], []);
  const wrong: readonly [fault: RegExp, found: string[]][] = [
    [/201, which it does not declare/, faults(201, ready)],
    [/is not what it declares: status/, faults(200, { ...ready, status: 'odd' })],
    [/is text\/html/, faults(200, 'x', '/ready', 'text/html')],
    [/another form/, faults(404, { error: 'x' })],
    [/another form/, faults(404, { ...error, stack: 'x' })],
    [/RUN_NOT_FOUND with status 400/, faults(400, error)],
    [/500 /, faults(500, { ...error, code: 'INTERNAL' })],
    [/an error of 409, which it does not declare/, faults(409, { ...error, code: 'RUN_CLOSED' })],
    [/a path of the host/, faults(404, { ...error, error: 'in /secret/folder/x' })],
    [/a stack/, faults(404, { ...error, error: 'at x (/a.ts:1:2)' })],
    [/the host is gone/, faults(0, 'the host is gone')],
  ];
  for (const [fault, found] of wrong) assert.match(found.join('\n'), fault);
});

test('options that make no sense are refused', () => {
  for (const args of [['--minutes', '0'], ['--case', 'x'], ['--only', 'c'], ['--nope']]) {
    assert.throws(() => readOptions(args, ['a', 'b']));
  }
  assert.is(readOptions(['--minutes', '3', '--only', 'a'], ['a', 'b']).minutes, 3);
});

test.run();
