import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseSource, sourcesOf } from './source.ts';

const test = suite('comments');

const bare = (text: string) => parseSource('host/a.ts', text).bareExports;

test('every export has a contract comment', async () => {
  const sources = await sourcesOf('host', 'sandbox', 'registry', 'plugins');
  assert.equal(
    sources.flatMap(({ path, bareExports }) => bareExports.map((line) => `${path}:${line}`)),
    [],
  );
});

test('an export without one is found by its line', () => {
  assert.equal(bare('/** one */\nexport const a = 1;\nexport const b = 2;'), [3]);
  assert.equal(bare('// a line\nexport function f() {}'), [2]);
  assert.equal(bare('/* a block */\nexport class C {}'), [2]);
  assert.equal(bare('const é = 1;\n\nexport default é;'), [3]);
});

test('overloads share a comment, and lists need none', () => {
  assert.equal(bare('/** f */\nexport function f(a: 1): 1;\nexport function f(a: unknown) { return 1 as const; }'), []);
  assert.equal(bare("export { a } from './a.ts';\nconst b = 1;\nexport { b };"), []);
});

test.run();
