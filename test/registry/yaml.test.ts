/** YML-01..07: what hostile YAML does to the parser and to a workflow. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseYaml } from '../../registry/yaml/document.ts';
import { toJson } from '../../registry/yaml/node.ts';

const test = suite('YAML');
const WITHIN_MS = 4_000;

function fault(text: string): string {
  const started = performance.now();
  const { root, faults } = parseYaml(text);
  assert.ok(performance.now() - started < WITHIN_MS, 'it must end soon');
  assert.is(root, null);
  const [first] = faults;
  assert.ok(first && first.at.line >= 1 && first.at.column >= 1);
  return `${first.at.line}:${first.at.column} ${first.found}`;
}

function value(text: string): unknown {
  const { root, faults } = parseYaml(text);
  assert.equal(faults, []);
  assert.ok(root);
  return toJson(root);
}

test('YML-01 aliases that multiply end at the cap on values', () => {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
  for (let n = 1; n < 10; n++)
    lines.push(
      `a${n}: &a${n} [${Array(9)
        .fill(`*a${n - 1}`)
        .join(', ')}]`,
    );
  assert.match(fault(lines.join('\n')), /more than 20000 values/);
});

test('YML-01 an alias within its own anchor ends at the cap on depth', () => {
  assert.match(fault('a: &a { b: *a }'), /more than 64 levels/);
  assert.match(fault('a: &a [*a, *a]'), /more than 64 levels/);
});

test('an alias stands for a copy of its anchor, and one without anchor is a fault', () => {
  assert.equal(value('a: &x { k: 1 }\nb: *x'), { a: { k: 1 }, b: { k: 1 } });
  assert.is(fault('a: 1\nb: *nope'), '2:4 alias *nope without an anchor before it');
});

test('YML-02 merge keys and keys that name the prototype are faults', () => {
  assert.match(fault('<<: { __proto__: { polluted: 1 } }'), /^1:1 the key "<<"/);
  assert.match(fault('a: { __proto__: { polluted: 1 } }'), /^1:6 the key "__proto__"/);
  assert.match(fault('"__proto__": 1'), /the key "__proto__"/);
  assert.is(Reflect.get({}, 'polluted'), undefined);
});

test('YML-03 nesting without end is a fault, not a crash', () => {
  fault('['.repeat(5_000));
  fault('['.repeat(5_000) + ']'.repeat(5_000));
  fault('{a: '.repeat(5_000) + '}'.repeat(5_000));
  fault(Array.from({ length: 700 }, (_, n) => `${' '.repeat(n)}a:`).join('\n'));
  assert.match(fault('['.repeat(65) + ']'.repeat(65)), /more than 64 levels/);
  value('['.repeat(60) + ']'.repeat(60));
});

test('YML-04 tags outside the core schema are faults', () => {
  for (const tagged of [
    '!!js/function "x"',
    '!!python/object x',
    '!!binary "aGk="',
    '!include x',
    '!!timestamp 2024-01-01',
    '!!set { a }',
  ]) {
    assert.match(fault(`a: ${tagged}`), /Unresolved tag/);
  }
  assert.equal(value('a: !!str 5'), { a: '5' });
});

test('YML-05 everything has one reading, that of YAML 1.2 core', () => {
  const text =
    'a: NO\nb: 012\nc: 1:30\nd: 2024-01-01\ne: on\nf: 0x10\ng: ~\nh: yes\ni: 1_000\nj: True\n1: x\ntrue: y\n';
  const expected = {
    a: 'NO',
    b: 12,
    c: '1:30',
    d: '2024-01-01',
    e: 'on',
    f: 16,
    g: null,
    h: 'yes',
    i: '1_000',
    j: true,
    1: 'x',
    true: 'y',
  };
  assert.equal(value(text), expected);
});

test('YML-05 what has no such reading is a fault', () => {
  assert.is(fault('a: 1\nb: 2\na: 3'), '3:1 the key "a" again');
  assert.match(fault('a: { b: 1, b: 2 }'), /^1:12 the key "b" again/);
  assert.match(fault('\ta: 1'), /Tabs/);
  assert.match(fault('a: 1\n---\nb: 2'), /multiple documents/i);
  assert.match(fault('? [a]\n: 1'), /keys must be strings/);
  for (const number of ['.inf', '.nan', '9007199254740993', '-90071992547409931']) {
    assert.match(fault(`a: ${number}`), /JSON cannot hold/);
  }
});

test('YML-07 a file of 100,000 values is refused soon', () => {
  assert.match(fault(`a: [${'1,'.repeat(100_000)}]`), /more than 80000 tokens/);
  assert.match(fault(`a: [${'1,'.repeat(25_000)}]`), /more than 20000 values/);
  assert.match(fault(Array.from({ length: 30_000 }, (_, n) => `${n.toString(36)}: 1`).join('\n')), /more than/);
  assert.match(fault(`a: ${'x'.repeat(300_000)}`), /more than 262144 bytes/);
});

test('YML-07 a file of nothing but mistakes is refused soon', () => {
  for (const mistake of ['}', ',', '[', '!<a> ', ':\n', 'a: b: c\n', '---\n', '*a ']) fault(mistake.repeat(48_000));
});

test('an empty file has no value and no fault', () => {
  for (const text of ['', '# nothing\n']) {
    const { root, faults } = parseYaml(text);
    assert.equal([root, faults], [null, []]);
  }
});

test.run();
