/** Values at which code breaks. */
import type { Random } from './random.ts';

/** Numbers as JSON text. */
export const NUMBERS = [
  '0',
  '-0',
  '-0.0',
  '1',
  '-1',
  '0.1',
  '1e999',
  '-1e999',
  '1e-400',
  '5e-324',
  '1.7976931348623157e308',
  '9007199254740991',
  '9007199254740993',
  '123456789012345678901234567890',
  '2147483647',
  '2147483648',
  '4294967296',
  '1E+2',
  '256',
  '65536',
] as const;

/** Texts: control characters, halves of pairs, names with a meaning, paths, addresses, markup. */
export const STRINGS = [
  '',
  ' ',
  '\u0000',
  '\u001b[2J',
  '\u2028\u2029',
  '\u202e\u200b\ufeff',
  '\ud800',
  '\udfff\ud800',
  '😀é€',
  '__proto__',
  'constructor',
  'prototype',
  'toJSON',
  'then',
  'toString',
  'valueOf',
  'length',
  'null',
  'undefined',
  'NaN',
  '../../etc/passwd',
  '/proc/self/environ',
  'file:///etc/passwd',
  'http://127.0.0.1/',
  'http://[::ffff:7f00:1]/',
  'http://169.254.169.254/latest/meta-data/',
  '%2e%2e%2f',
  "' or 1=1 --",
  '#{7*7}',
  '{{7*7}}',
  '<script>',
  '*',
  '-',
  '.',
  '..',
  '\r\nx: y',
  'a'.repeat(300),
  '\\',
  '"',
] as const;

/** Names that an object of a language with prototypes should not have. */
export const KEYS: readonly string[] = [
  // V8 14.6 reads an escaped key as another one after it has seen that with a backslash (nodejs/node#63785), in the host too.
  ...STRINGS.filter((text) => !text.includes('\\')),
  'a',
  'b',
  'id',
  '0',
  '-1',
  '1e3',
  '__defineGetter__',
  'hasOwnProperty',
];

/** A JSON value as text. Valid JSON, of every shape: deep, wide, with keys twice, with odd spaces and escapes. */
export function jsonText(random: Random, depth = 4): string {
  if (depth <= 0 || random.chance(0.4)) return scalar(random);
  if (random.chance(0.03)) return nest(random, depth);
  const isList = random.chance(0.5);
  const gap = random.pick(['', '', ' ', '\n\t']);
  const parts = random.several(0, 5, () => {
    const value = jsonText(random, depth - 1);
    return isList ? value : `${text(random, random.pick(KEYS))}${gap}:${gap}${value}`;
  });
  if (parts[0] !== undefined && random.chance(0.15)) parts.push(parts[0]);
  const inner = parts.join(`,${gap}`);
  return isList ? `[${gap}${inner}${gap}]` : `{${gap}${inner}${gap}}`;
}

function scalar(random: Random): string {
  const roll = random.below(10);
  if (roll < 4) return random.pick(NUMBERS);
  if (roll < 6) return random.pick(['true', 'false', 'null']);
  if (roll < 7 && random.chance(0.05)) return JSON.stringify('é'.repeat(2 ** (8 + random.below(13))));
  return text(random, random.pick(STRINGS));
}

/** A string in JSON: now and then with every character escaped, or with halves of pairs left as they are. */
function text(random: Random, value: string): string {
  if (random.chance(0.8)) return JSON.stringify(value);
  const units = Array.from({ length: value.length }, (_, i) => value.charCodeAt(i).toString(16).padStart(4, '0'));
  return `"${units.map((unit) => `\\u${unit}`).join('')}"`;
}

function nest(random: Random, depth: number): string {
  const levels = random.pick([2, 100, 250, 255, 256, 257, 300, 5_000, 100_000]);
  const inner = jsonText(random, depth - 1);
  const [open, close] = random.pick([
    ['[', ']'],
    ['{"a":', '}'],
    ['[{"__proto__":', '}]'],
  ] as const);
  return open.repeat(levels) + inner + close.repeat(levels);
}
