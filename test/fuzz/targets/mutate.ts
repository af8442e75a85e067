/** Mutations of scripts, on their text: what is no script any more is thrown away by the caller. */
import { NUMBERS, STRINGS } from '../edges.ts';
import type { Random } from '../random.ts';
import { CALLS, ESCAPES, MEMBERS, POLLUTIONS, WRAPS } from './words.ts';

type Mutation = (random: Random, script: string, corpus: readonly string[]) => string;

/** One to four mutations one after the other. */
export function mutate(random: Random, corpus: readonly string[]): string {
  let script = random.pick(corpus);
  for (let i = 0; i < 1 + random.below(4); i++) script = random.pick(MUTATIONS)(random, script, corpus);
  return script;
}

const MUTATIONS: readonly Mutation[] = [
  // Statements of another script.
  (random, script, corpus) => insert(random, script, statements(random, random.pick(corpus))),
  (random, script, corpus) => insert(random, script, statements(random, random.pick(corpus))),
  (random, script) => insert(random, script, random.pick(CALLS)),
  (random, script) => insert(random, script, random.pick(ESCAPES)),
  (random, script) => insert(random, script, random.pick(POLLUTIONS)),
  (random, script) => `${random.pick(POLLUTIONS)}\n${script}`,
  (random, script) => random.pick(WRAPS)(script),
  // One name, number or text exchanged for another.
  (random, script) => exchange(random, script, /(?<=\.)[a-zA-Z]\w*/g, random.pick(MEMBERS)),
  (random, script) =>
    exchange(random, script, /\b(?:Object|Array|Promise|Reflect|Map|String|Proxy|Error)\b/g, random.pick(GLOBALS)),
  (random, script) => exchange(random, script, /\b\d[\d_.]*(?:e\d+)?n?\b/g, random.pick(EDGES)),
  (random, script) => exchange(random, script, /'[^'\n]*'/g, JSON.stringify(random.pick(STRINGS))),
  (random, script) =>
    exchange(random, script, /(?<=[\s(=,[])(?:t|\[\]|\{\}|null|true|\w+)(?=[\s),;\]])/g, random.pick(VALUES)),
  // One statement away, or many times.
  (random, script) => exchange(random, script, /^[^\n]*;$/gm, ''),
  (random, script) => exchange(random, script, /^[^\n]*;$/gm, (line) => line.repeat(2 + random.below(30))),
  (random, script) => exchange(random, script, /\bawait\s+/g, ''),
  (random, script) => random.scratched(script),
];

const EDGES = [...NUMBERS, '2**53', '2**31', '7n**5000n', 'NaN', '-1', "'1'", '{}'] as const;

/** Names of the language's own globals. */
const GLOBALS = Object.getOwnPropertyNames(globalThis).filter((name) => /^[A-Z]/.test(name));

const VALUES = [
  'globalThis',
  'new Proxy({}, {})',
  'new Proxy(function () {}, { get: (a, k) => k, apply: () => globalThis })',
  'Symbol.iterator',
  '(() => { throw { get stack() { for (;;); } }; })',
  'Object.create(null)',
  '[,,1]',
  '(function* () { yield* [1, 2]; })()',
  '(async function* () { yield 1; })()',
  '{ toString() { throw globalThis; } }',
  '{ then(resolve) { resolve(this); } }',
  '{ toJSON() { return this; } }',
  '{ [Symbol.toPrimitive]() { return {}; } }',
  'Object.prototype',
  'Function.prototype',
  'cloister',
  'new ArrayBuffer(8)',
  'new Error("x", { cause: globalThis })',
  'arguments',
  '/(a+)+$/',
  'undefined',
] as const;

/** Some lines of a script that stand one after the other, from within its `main`. */
function statements(random: Random, script: string): string {
  const lines = script.split('\n').slice(1, -1);
  const at = random.below(lines.length || 1);
  return lines.slice(at, at + 1 + random.below(4)).join('\n');
}

/** Puts text where a statement may begin: after a semicolon or an opening brace, at most times. */
function insert(random: Random, script: string, text: string): string {
  const places = [...script.matchAll(/[;{]\s+/g)].map((match) => match.index + match[0].length);
  const at = places.length === 0 ? script.length : random.pick(places);
  return `${script.slice(0, at)}${text}\n${script.slice(at)}`;
}

/** Replaces one of the matches; the text as it is when there is none. */
function exchange(random: Random, script: string, pattern: RegExp, to: string | ((found: string) => string)): string {
  const found = [...script.matchAll(pattern)];
  if (found.length === 0) return script;
  const { 0: text, index } = random.pick(found);
  return script.slice(0, index) + (typeof to === 'string' ? to : to(text)) + script.slice(index + text.length);
}
