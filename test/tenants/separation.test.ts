/** The judge of the other files in this folder is able to find each kind of leak. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Seen, separate, type World } from './separation.ts';

const test = suite('judging separation');
const VICTIM_ROWS = ['canary'];

/** A toy world of one list; `leak` is what a call of 7 does to it. */
function worldOf(rows: string[], leak: (rows: string[]) => Seen): World<number> {
  return {
    send: async (call) => (call === 7 ? leak(rows) : { end: 'answered', text: 'nothing' }),
    held: async () => rows.join(),
  };
}

async function found(leak: (rows: string[]) => Seen): Promise<string> {
  const calls = fc.nat(20);
  const kindOf = () => 'toy';
  const trial = { name: 'toy', calls, kindOf, full: worldOf([...VICTIM_ROWS], leak), empty: worldOf([], leak) };
  return separate({ ...trial, canary: 'canary' }).then(
    () => 'nothing',
    (error: Error) => error.message,
  );
}

const say = (text: string, end = 'answered'): Seen => ({ end, text });
const leaks: readonly [claim: string, leak: (rows: string[]) => Seen, expected: RegExp][] = [
  ['a row that is read', (rows) => say(rows.join()), /data were read by 7/],
  ['a count', (rows) => say(`${rows.length}`), /whether the victim has data shows by 7/],
  [
    'a refusal that differs',
    (rows) => say('', rows.length > 0 ? 'refused' : 'answered'),
    /whether the victim has data shows/,
  ],
  [
    'a row that is changed',
    (rows) => say(`${rows.length > 0 && rows.fill('x') ? '' : ''}`),
    /victim's data have changed: x/,
  ],
  ['a row that is deleted', (rows) => say(`${rows.length > 0 && rows.pop() ? '' : ''}`), /victim's data have changed/],
  [
    'a row that is written',
    (rows) => say(`${rows.length === 0 && rows.push('x') ? '' : ''}`),
    /victim has got data: x/,
  ],
];

for (const [claim, leak, expected] of leaks) {
  test(`${claim} is found, and the call named`, async () => assert.match(await found(leak), expected));
}

test('worlds that keep apart pass, and a victim without data shows nothing', async () => {
  assert.is(await found(() => say('same')), 'nothing');
  const empty = worldOf([], () => say(''));
  const trial = { name: 'toy', calls: fc.nat(), kindOf: () => 'toy', full: empty, empty, canary: 'canary' };
  await separate(trial).then(
    () => assert.unreachable(),
    (error: Error) => assert.match(error.message, /has no canary/),
  );
});

test.run();
