/** Scripts as activities: what they throw, what they say on the way, and what a hostile one, or a lying cell, makes of both. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ActivityRun, Bundle, RunOutcome, ThrownError } from '../../sandbox/index.ts';
import { Job } from '../../sandbox/job.ts';
import { DEFAULT_LIMITS } from '../../sandbox/limits.ts';
import { Running } from '../../sandbox/running.ts';
import { readThrown } from '../../sandbox/thrown.ts';
import { bundleOf, codeOf, openRig, outputOf } from './rig.ts';

const test = suite('activities');
const rig = openRig();

test.after(() => rig.sandbox.close());

const MODULE =
  'const { heartbeat, sleep, cancelled, ApplicationFailure, CancelledFailure, activityInfo } = $cloister.activity;';

interface Act {
  readonly outcome: RunOutcome;
  readonly beats: unknown[];
}

/** Runs a `main` as an activity. */
async function act(source: string, args: readonly unknown[] = [], cancelAfterMs?: number): Promise<Act> {
  const beats: unknown[] = [];
  const cancel = new AbortController();
  const timer = cancelAfterMs === undefined ? undefined : setTimeout(() => cancel.abort(), cancelAfterMs);
  const activity: ActivityRun = {
    info: JSON.stringify({ attempt: 1, activityType: 'x' }),
    cancel: cancel.signal,
    cancellation: () => ({ reason: 'CANCELLED', details: { cancelRequested: true } }),
    heartbeat: (details) => beats.push(details),
  };
  const bundle = bundleOf(`${MODULE}\n${source}`);
  const outcome = await rig.runBundle(bundle, { params: JSON.stringify(args), activity });
  clearTimeout(timer);
  return { outcome, beats };
}

async function thrownBy(source: string): Promise<ThrownError> {
  const { outcome } = await act(source);
  if (outcome.ok || !outcome.error.thrown) throw new Error(JSON.stringify(outcome));
  return outcome.error.thrown;
}

test('arguments are a list, and scripts of workflows in YAML keep theirs', async () => {
  assert.equal(outputOf((await act('async function main(a, b = 2, ...c) { return [a, b, c]; }', [1])).outcome), [
    1,
    2,
    [],
  ]);
  const plain = await rig.run('function main(...all) { return [all, $cloister.activity]; }', { params: '[1,2]' });
  assert.equal(outputOf(plain), [[[1, 2]], null]);
  const failed = await rig.run('function main() { throw Object.assign(new Error("x"), { nonRetryable: true }); }');
  assert.ok(!failed.ok && failed.error.thrown === undefined);
});

test('what is thrown comes field by field, with its causes', async () => {
  const thrown = await thrownBy(`function main() {
    throw ApplicationFailure.create({ message: 'm', type: 'T', details: [1, { a: 2 }], nextRetryDelay: '1.5 minutes', category: 'BENIGN',
      cause: Object.assign(new TypeError('under'), { cause: new CancelledFailure('deep') }) });
  }`);
  const { stack: _stack, cause, ...own } = thrown;
  assert.equal(own, {
    name: 'ApplicationFailure',
    message: 'm',
    nonRetryable: false,
    type: 'T',
    details: [1, { a: 2 }],
    nextRetryDelayMs: 90_000,
    isBenign: true,
  });
  assert.equal([cause?.name, cause?.message, cause?.cause?.name], ['TypeError', 'under', 'CancelledFailure']);
});

test('a heartbeat is held back, the newest goes, and the last one goes before an error', async () => {
  const { beats } = await act(
    'async function main() { for (let n = 0; n < 50_000; n++) heartbeat(n); throw new Error("x"); }',
  );
  assert.equal(beats, [0, 49_999]);
  const spread = await act(
    'async function main() { for (let n = 1; n <= 5; n++) { heartbeat({ n }); await sleep(40); } heartbeat(); await sleep(250); }',
  );
  assert.ok(spread.beats.length >= 2 && spread.beats.length <= 5, JSON.stringify(spread.beats));
  assert.is(spread.beats.at(-1), undefined);
});

test('details that are no JSON, or too large, are refused in the script', async () => {
  const { outcome, beats } = await act(`function main() {
    const codes = [];
    for (const details of [() => 1, 'x'.repeat(2e6), 10n]) try { heartbeat(details); } catch (error) { codes.push(error.code); }
    return codes;
  }`);
  assert.equal(outputOf(outcome), ['BAD_ARGUMENT', 'BAD_ARGUMENT', 'BAD_ARGUMENT']);
  assert.equal(beats, []);
});

test('a script that waits for its cancellation alone is not taken for one that can never end', async () => {
  const { outcome } = await act(
    'async function main() { try { await cancelled(); } catch (error) { return error.message; } }',
    [],
    500,
  );
  assert.is(outputOf(outcome), 'CANCELLED');
  const deaf = await act('async function main() { await new Promise(() => undefined); }');
  assert.is(codeOf(deaf.outcome), 'SCRIPT_WALL');
});

test('getters, proxies and cycles of an error end where the run does, and lie as they like', async () => {
  for (const key of ['name', 'details', 'cause', 'nonRetryable', 'category']) {
    const source = `function main() { const e = new Error('x'); e.name = 'ApplicationFailure'; throw Object.defineProperty(e, '${key}', { get() { for (;;); } }); }`;
    assert.match(codeOf((await act(source)).outcome), /^SCRIPT_(CPU|WALL)$/, key);
  }
  const cyclic = await thrownBy('function main() { const e = new Error("round"); e.cause = e; throw e; }');
  let depth = 0;
  for (let at: ThrownError | undefined = cyclic; at; at = at.cause) depth++;
  assert.is(depth, 8);
  const odd = await thrownBy(`function main() {
    Object.prototype.toJSON = () => ({ name: 'forged', message: 'forged' });
    Array.prototype.toJSON = () => 'forged';
    throw ApplicationFailure.create({ message: 'true', details: [() => 1] });
  }`);
  assert.is(odd.message, 'true');
});

test('a cell that says it of its own accord is read with the same care', () => {
  const bundle: Bundle = bundleOf('');
  const fields = {
    name: 'E',
    message: 'm',
    stack: '',
    nonRetryable: 'yes',
    isBenign: 1,
    nextRetryDelayMs: -5,
    details: '{"a":1}',
  };
  const read = (over: object): ThrownError | null => readThrown(JSON.stringify({ ...fields, ...over }), bundle);
  assert.equal(read({}), { name: 'E', message: 'm', nonRetryable: false, isBenign: false });
  assert.is(read({ name: 17 }), null);
  assert.is(readThrown('no JSON', bundle), null);
  assert.is(readThrown('['.repeat(1_000), bundle), null);
  assert.is(read({ message: 'x'.repeat(9_000) })?.message.length, 2048);
  assert.is(read({ name: '\ud800', message: '\udfff' })?.message, '\ufffd');
  const map = JSON.stringify({ version: 3, sources: ['a.ts'], names: [], mappings: 'AAAA' });
  const mapped = { ...bundle, map, digest: 'half a character' };
  const half = JSON.stringify({ ...fields, stack: 'at f\ud800 (bundle:1:1)' });
  // Temporal would end the worker by it.
  assert.is(readThrown(half, mapped)?.stack, 'at f\ufffd (a.ts:1:1)');
  assert.is(read({ nextRetryDelayMs: 1e300 })?.nextRetryDelayMs, undefined);
  assert.is(read({ details: JSON.stringify(['x'.repeat(300_000)]) })?.details, undefined);
  assert.is(read({ details: `[${'['.repeat(300)}` })?.details, undefined);
});

test('heartbeats of a cell that sends them without end are dropped', () => {
  const beats: unknown[] = [];
  const job = new Job({
    cell: 'a',
    bundle: bundleOf(''),
    entry: 'main',
    params: '[]',
    run: { id: 'r', workflow: 'w', activity: 'a', attempt: 1, startedAt: '', deterministic: false },
    env: {},
    limits: DEFAULT_LIMITS,
    signal: new AbortController().signal,
    call: async () => null,
    log: () => undefined,
    activity: {
      info: '{}',
      cancel: new AbortController().signal,
      cancellation: () => ({ reason: '', details: {} }),
      heartbeat: (details) => beats.push(details),
    },
  });
  const running = new Running(0, job, { cancelled: () => undefined, noticed: () => undefined });
  running.beat({ t: 'beat', id: 0, details: 'no JSON' });
  running.beat({ t: 'beat', id: 0, details: '['.repeat(500) + ']'.repeat(500) });
  running.beat({ t: 'beat', id: 0, details: JSON.stringify('x'.repeat(2 ** 21)) });
  for (let n = 0; n < 10_000; n++) running.beat({ t: 'beat', id: 0, details: `${n}` });
  assert.ok(beats.length > 0 && beats.length < 100, `${beats.length}`);
  assert.is(beats[0], 0);
});

test.run();
