/**
 * `npm run fuzz -- [--minutes N] [--seed S] [--only TARGET]… [--case N] [--record]`: tries inputs made of random choices on
 * every target by turns, and keeps what fails as `found/*.json`. See docs/fuzzing.md.
 */
import { hunt, type Tally, type Turn } from './hunt.ts';
import { OptionError, type Options, readOptions } from './options.ts';
import { writeRecord } from './record.ts';
import type { Target } from './target.ts';
import { TARGETS } from './targets/index.ts';

/** A target's turn; after it the next one opens. */
const TURN_MS = 90_000;

/** Fuzzes; resolves to the exit code, 1 when something new was found, 2 when the arguments are not understood. */
export async function main(args: readonly string[]): Promise<number> {
  try {
    const names = TARGETS.map(({ name }) => name);
    return await fuzz(readOptions(args, names));
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    process.stderr.write(`fuzz: ${error.message}\n`);
    return 2;
  }
}

async function fuzz(options: Options): Promise<number> {
  const targets = TARGETS.filter(({ name }) => options.only.length === 0 || options.only.includes(name));
  console.log(`seed ${options.seed}`);
  const tallies = options.case === null ? await takeTurns(targets, options) : await tryOne(targets, options);
  if (options.record) await writeRecord(options, tallies);
  return tallies.some(({ findings }) => findings.length > 0) ? 1 : 0;
}

async function takeTurns(targets: readonly Target[], { minutes, seed }: Options): Promise<readonly Tally[]> {
  const until = performance.now() + minutes * 60_000;
  const known = new Set<string>();
  const tallies: Tally[] = [];
  const first = new Map<Target, number>();
  const turnMs = Math.min(TURN_MS, (minutes * 60_000) / targets.length);
  while (performance.now() < until) {
    for (const target of targets) {
      const ms = Math.min(turnMs, until - performance.now());
      if (ms <= 0) break;
      const tally = await attemptTurn({ target, seed, first: first.get(target) ?? 0, ms, known });
      first.set(target, tally.next);
      tallies.push(tally);
      print(tally);
    }
  }
  return tallies;
}

/** One target that cannot be opened must not keep the others from their turns. */
async function attemptTurn(turn: Turn): Promise<Tally & { readonly next: number }> {
  const { target, seed, first: next } = turn;
  try {
    return await hunt(turn);
  } catch (error) {
    const faults = [`cannot be opened: ${error instanceof Error ? error.message : String(error)}`];
    const finding = { target: target.name, seed, case: next, faults, input: { kind: 'opening', parts: [] } };
    return { target: target.name, ms: 0, tried: {}, notes: {}, findings: [], unconfirmed: [finding], next };
  }
}

async function tryOne(targets: readonly Target[], options: Options): Promise<readonly Tally[]> {
  const tallies: Tally[] = [];
  for (const target of targets) {
    const turn = {
      target,
      seed: options.seed,
      first: options.case ?? 0,
      ms: 60_000,
      most: 1,
      known: new Set<string>(),
    };
    const tally = await hunt(turn);
    tallies.push(tally);
    print(tally);
  }
  return tallies;
}

function print({ target, ms, tried, notes, findings, unconfirmed }: Tally): void {
  const kinds = Object.entries({ ...tried, ...notes }).map(([kind, count]) => `${kind} ${count}`);
  const found = `${findings.length} found, ${unconfirmed.length} unconfirmed`;
  console.log(`${target.padEnd(8)} ${(ms / 1000).toFixed(0).padStart(4)} s  ${kinds.join(', ')}; ${found}`);
  for (const { case: number, faults } of unconfirmed)
    console.log(`  ? case ${number}: ${faults.join('; ').slice(0, 300)}`);
}
