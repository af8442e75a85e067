/** What was tried, kept: `--record` adds a line to `docs/fuzz-record.jsonl` and writes `docs/fuzz-record.md` from all of them. */
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import type { Tally } from './hunt.ts';
import type { Options } from './options.ts';

/** One call of the program. */
interface Session {
  /** When it ended, ISO 8601. */
  readonly ended: string;
  readonly seed: string;
  readonly minutes: number;
  /** Target → kind → cases. */
  readonly tried: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Target → what came of a case → how often. */
  readonly notes?: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly found: readonly string[];
  readonly unconfirmed: readonly string[];
}

const DATA = new URL('../../docs/fuzz-record.jsonl', import.meta.url);
const PAGE = new URL('../../docs/fuzz-record.md', import.meta.url);

/** Adds what this call tried. */
export async function writeRecord({ seed }: Options, tallies: readonly Tally[]): Promise<void> {
  await appendFile(DATA, `${JSON.stringify(sessionOf(seed, tallies))}\n`);
  const lines = (await readFile(DATA, 'utf8')).trimEnd().split('\n');
  await writeFile(PAGE, pageOf(lines.map((line) => JSON.parse(line) as Session)));
}

function sessionOf(seed: string, tallies: readonly Tally[]): Session {
  return {
    ended: new Date().toISOString(),
    seed,
    minutes: Math.round(tallies.reduce((sum, { ms }) => sum + ms, 0) / 6_000) / 10,
    tried: sum(tallies.map(({ target, tried }) => [target, tried])),
    notes: sum(tallies.map(({ target, notes }) => [target, notes])),
    found: tallies.flatMap(({ findings }) => findings).map(lineOf),
    unconfirmed: tallies.flatMap(({ unconfirmed }) => unconfirmed).map(lineOf),
  };
}

type Counts = Readonly<Record<string, number>>;

/** Counts by target and word, added up. */
function sum(counts: readonly (readonly [string, Counts])[]): Record<string, Record<string, number>> {
  const sums: Record<string, Record<string, number>> = {};
  for (const [target, each] of counts) {
    const words = sums[target] ?? {};
    sums[target] = words;
    for (const [word, count] of Object.entries(each)) words[word] = (words[word] ?? 0) + count;
  }
  return sums;
}

function lineOf({ target, case: number, faults }: Tally['findings'][number]): string {
  return `${target} case ${number}: ${faults[0]?.slice(0, 120)}`;
}

function pageOf(sessions: readonly Session[]): string {
  const minutes = sessions.reduce((sum, session) => sum + session.minutes, 0);
  const tried = rowsOf(sessions.flatMap((session) => Object.entries(session.tried)));
  const notes = rowsOf(sessions.flatMap((session) => Object.entries(session.notes ?? {})));
  const all = tried.reduce((total, { count }) => total + count, 0);
  return [
    '# What was fuzzed',
    '',
    'Written by `npm run fuzz -- --record` from `fuzz-record.jsonl`. What it tries, how, and what became of what it found stands in',
    '[fuzzing.md](fuzzing.md).',
    '',
    `${sessions.length} sessions, ${minutes.toFixed(1)} minutes, ${all} cases.`,
    '',
    '| target | kind | cases |',
    '| --- | --- | --: |',
    ...tried.map(({ target, word, count }) => `| ${target} | ${word} | ${count} |`),
    '',
    'What came of them, where the target tells (a case has one or several parts):',
    '',
    '| target | end | times |',
    '| --- | --- | --: |',
    ...notes.map(({ target, word, count }) => `| ${target} | ${word} | ${count} |`),
    '',
    '## Sessions',
    '',
    ...sessions.flatMap(({ ended, seed, minutes: took, found, unconfirmed }) => [
      `- ${ended}, seed \`${seed}\`, ${took} minutes: ${found.length} found, ${unconfirmed.length} that did not come again`,
      ...fewOf(found).map((line) => `  - found: ${line}`),
      ...fewOf(unconfirmed).map((line) => `  - once: ${line}`),
    ]),
    '',
  ].join('\n');
}

function rowsOf(counts: readonly (readonly [string, Counts])[]) {
  const rows = Object.entries(sum(counts)).flatMap(([target, words]) =>
    Object.entries(words).map(([word, count]) => ({ target, word, count })),
  );
  return rows.sort((a, b) => (`${a.target} ${a.word}` < `${b.target} ${b.word}` ? -1 : 1));
}

/** The first few lines of each target. */
function fewOf(lines: readonly string[]): string[] {
  const byTarget = Map.groupBy(lines, (line) => line.split(' ')[0]);
  return [...byTarget].flatMap(([target, own]) => {
    const rest = own.length - MOST_SHOWN;
    return [...own.slice(0, MOST_SHOWN).map(plain), ...(rest > 0 ? [`${rest} more of ${target}`] : [])];
  });
}

const MOST_SHOWN = 3;

/** Foreign text on one line, as code. */
function plain(text: string): string {
  return `\`${text.replace(/[`\p{Cc}\p{Cs}]+/gu, ' ')}\``;
}
