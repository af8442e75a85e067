/** What a parser that goes wrong costs: its process, and nobody else anything. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Parser } from '../../registry/yaml/aside.ts';

const test = suite('parsing aside');
const dir = mkdtempSync(join(tmpdir(), 'cloister-parser-'));
test.after(() => rmSync(dir, { recursive: true, force: true }));

/** In place of the parser: one that does what the text says. */
const program = join(dir, 'program.mjs');
writeFileSync(
  program,
  `process.on('message', ({ text }) => {
  if (text === 'spin') for (;;);
  if (text === 'eat') for (const all = []; ; ) all.push(new Array(1e5).fill(text + all.length));
  if (text === 'end') process.exit(3);
  const value = text === 'names' ? Object.keys(process.env).filter((name) => !name.startsWith('NODE_CHANNEL')).join() : text;
  process.send({ root: { kind: 'scalar', at: { line: 1, column: 1 }, value }, faults: [], tokens: 1 });
});`,
);

async function outcomesOf(limitMs: number, texts: readonly string[]): Promise<readonly unknown[]> {
  const parser = new Parser({ program, limitMs });
  return Promise.all(
    texts.map(async (text) => {
      const { root, faults } = await parser.parse(text, 1);
      return faults[0]?.found ?? (root?.kind === 'scalar' && root.value);
    }),
  );
}

test('a text that holds it up ends at the limit of time, and those behind it are parsed', async () => {
  const began = performance.now();
  const outcomes = await outcomesOf(3_000, ['a', 'spin', 'b']);
  assert.equal(outcomes, ['a', 'a file that takes too long to read', 'b']);
  assert.ok(performance.now() - began < 20_000);
});

test('a text that eats memory, or ends the process, ends that alone', async () => {
  const outcomes = await outcomesOf(30_000, ['eat', 'b', 'end', 'c']);
  assert.equal(outcomes, ['a file that ends the parser', 'b', 'a file that ends the parser', 'c']);
});

test('the process has no variable of the host', async () => {
  assert.equal(await outcomesOf(30_000, ['names']), ['PWD']);
});

test('more texts than one process takes are parsed by the next ones', async () => {
  const texts = Array.from({ length: 120 }, (_, n) => `${n}`);
  assert.equal(await outcomesOf(30_000, texts), texts);
});

test.run();
