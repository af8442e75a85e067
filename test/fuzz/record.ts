/** What was tried, kept: `--record` adds a session to `docs/fuzz-record.json` and writes `docs/fuzz-record.md` from all of them. */
import { readFile, writeFile } from 'node:fs/promises';
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
  readonly found: readonly string[];
  readonly unconfirmed: readonly string[];
}

const DATA = new URL('../../docs/fuzz-record.json', import.meta.url);
const PAGE = new URL('../../docs/fuzz-record.md', import.meta.url);

/** Adds what this call tried. */
export async function writeRecord({ seed }: Options, tallies: readonly Tally[]): Promise<void> {
  const before = JSON.parse(await readFile(DATA, 'utf8').catch(() => '[]')) as Session[];
  const sessions = [...before, sessionOf(seed, tallies)];
  await writeFile(DATA, `${JSON.stringify(sessions, null, 2)}\n`);
  await writeFile(PAGE, pageOf(sessions));
}

function sessionOf(seed: string, tallies: readonly Tally[]): Session {
  const tried: Record<string, Record<string, number>> = {};
  for (const tally of tallies) {
    const kinds = tried[tally.target] ?? {};
    tried[tally.target] = kinds;
    for (const [kind, count] of Object.entries(tally.tried)) kinds[kind] = (kinds[kind] ?? 0) + count;
  }
  return {
    ended: new Date().toISOString(),
    seed,
    minutes: Math.round(tallies.reduce((sum, { ms }) => sum + ms, 0) / 6_000) / 10,
    tried,
    found: tallies.flatMap(({ findings }) => findings).map(lineOf),
    unconfirmed: tallies.flatMap(({ unconfirmed }) => unconfirmed).map(lineOf),
  };
}

function lineOf({ target, case: number, faults }: Tally['findings'][number]): string {
  return `${target} case ${number}: ${faults[0]?.slice(0, 200)}`;
}

function pageOf(sessions: readonly Session[]): string {
  const minutes = sessions.reduce((sum, session) => sum + session.minutes, 0);
  const totals = new Map<string, number>();
  for (const { tried } of sessions) {
    for (const [target, kinds] of Object.entries(tried)) {
      for (const [kind, count] of Object.entries(kinds)) {
        const name = `${target} | ${kind}`;
        totals.set(name, (totals.get(name) ?? 0) + count);
      }
    }
  }
  const all = [...totals.values()].reduce((sum, count) => sum + count, 0);
  return [
    '# What was fuzzed',
    '',
    'Written by `npm run fuzz -- --record` from `fuzz-record.json`; what it tries and how is in [fuzzing.md](fuzzing.md).',
    '',
    `${sessions.length} sessions, ${minutes.toFixed(1)} minutes, ${all} cases.`,
    '',
    '| target | kind | cases |',
    '| --- | --- | --: |',
    ...[...totals].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, count]) => `| ${name} | ${count} |`),
    '',
    '## Sessions',
    '',
    ...sessions.flatMap(({ ended, seed, minutes: took, found, unconfirmed }) => [
      `- ${ended}, seed \`${seed}\`, ${took} minutes: ${found.length} found, ${unconfirmed.length} that did not come again`,
      ...found.map((line) => `  - found: ${plain(line)}`),
      ...unconfirmed.map((line) => `  - once: ${plain(line)}`),
    ]),
    '',
  ].join('\n');
}

/** Foreign text on one line, as code. */
function plain(text: string): string {
  return `\`${text.replace(/[`\p{Cc}\p{Cs}]+/gu, ' ')}\``;
}
