/** What a parser that goes wrong costs: its thread, and nobody else anything. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Thread } from '../../registry/yaml/aside.ts';

const test = suite('thread of the parser');

/** In place of the parser: one that does what the text says. */
const PROGRAM = `import { parentPort } from 'node:worker_threads';
parentPort.on('message', ({ text }) => {
  if (text === 'spin') for (;;);
  if (text === 'eat') for (const all = []; ; ) all.push(new Array(1e5).fill(text + all.length));
  if (text === 'throw') throw new Error('no');
  parentPort.postMessage({ root: { kind: 'scalar', at: { line: 1, column: 1 }, value: text }, faults: [], tokens: 1 });
});`;
const program = new URL(`data:text/javascript,${encodeURIComponent(PROGRAM)}`);

const outcomeOf = async (thread: Thread, text: string): Promise<unknown> => {
  const { root, faults } = await thread.parse(text, 1);
  return faults[0]?.found ?? (root?.kind === 'scalar' && root.value);
};

test('a text that holds it up ends at the limit of time, and those behind it are parsed', async () => {
  const thread = new Thread({ program, limitMs: 2_000 });
  const late = performance.now();
  const outcomes = await Promise.all(['a', 'spin', 'b'].map((text) => outcomeOf(thread, text)));
  assert.equal(outcomes, ['a', 'a file that takes too long to read', 'b']);
  assert.ok(performance.now() - late < 20_000);
});

test('a text that eats memory ends at the limit of memory, and those behind it are parsed', async () => {
  const thread = new Thread({ program, limitMs: 30_000 });
  const outcomes = await Promise.all(['eat', 'b'].map((text) => outcomeOf(thread, text)));
  assert.equal(outcomes, ['a file that takes too much memory to read', 'b']);
});

test('an error of the parser itself is told as one, and the next text is parsed', async () => {
  const thread = new Thread({ program, limitMs: 30_000 });
  assert.match(String(await thread.parse('throw', 1).catch((error: unknown) => error)), /Error: no/);
  assert.is(await outcomeOf(thread, 'b'), 'b');
});

test.run();
