/**
 * The test runner: `npm test`, `npm test -- sandbox` for the files whose path contains that, `npm run test:deep` for all there are. uvu by itself is green when a
 * suite was never run or its `before` threw, so every file gets a process of its own, a time limit, and a judgement by
 * what its summary says (see runner/outcome.ts).
 */
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { compiledEnvironment } from '../host/bootstrap/compiled.mjs';
import { findTemporal } from '../host/embedded/temporal.ts';
import { cacheFolder } from '../host/env/cache.ts';
import { readEnvironment } from '../host/env.ts';
import { checksOf, runCheck } from './runner/checks.ts';
import { findFiles, isWanted, type TestFile } from './runner/files.ts';
import type { Outcome } from './runner/outcome.ts';
import { runFile } from './runner/process.ts';
import { reportAll, reportOne } from './runner/report.ts';

const MOST_AT_ONCE = 4;
/** Tests wait more than they compute: for limits to pass, for servers to start. */
const MORE_THAN_PROCESSORS = 1;
const root = fileURLToPath(new URL('..', import.meta.url));

/** Attempts of each property test of tenants, and hostile runs at once, in a deep run; otherwise as many as their own defaults. */
const DEEP = { TENANTS_ATTEMPTS: '10000', HOSTILE_RUNS: '100' };

/**
 * Runs the checks and tests that match the words, all without one; resolves to the exit code, 1 when anything is red. Deep ones
 * run with `--deep`, or when a word names them.
 */
export async function main(words: string[]): Promise<number> {
  const filters = words.filter((word) => word !== '--deep');
  const isDeep = words.includes('--deep');
  if (isDeep) Object.assign(process.env, { ...DEEP, ...process.env });
  // Hundreds of processes read the same sources: to strip and compile them once is a third of the time.
  Object.assign(process.env, compiledEnvironment());
  const outcomes: Outcome[] = [];
  const record = (outcome: Outcome) => {
    reportOne(outcome);
    outcomes.push(outcome);
  };
  for (const check of checksOf(root).filter(({ name }) => isWanted(name, filters))) {
    record(await runCheck(check, root));
  }
  const found = await findFiles(root, filters);
  const files = found.filter(({ deep }) => !deep || isDeep || filters.length > 0);
  const setting = { root, temporal: files.length > 0 ? await temporal() : null };
  const run = async (file: TestFile) => record(await runFile(file, setting));
  // The long ones first, so that none of them is what everybody waits for at the end.
  const together = files.filter(({ alone }) => !alone).sort((one, other) => other.limitMs - one.limitMs);
  await inParallel(together, Math.min(MOST_AT_ONCE, availableParallelism() + MORE_THAN_PROCESSORS), run);
  await inParallel(
    files.filter(({ alone }) => alone),
    1,
    run,
  );
  const left = found.filter((file) => !files.includes(file));
  if (left.length > 0) console.log(`\nleft out, for \`npm run test:deep\`: ${left.map(({ path }) => path).join(', ')}`);
  return reportAll(outcomes);
}

/** Finds or builds Temporal before any test's clock runs. Without one, the tests that need it say so. */
async function temporal(): Promise<string | null> {
  const environment = readEnvironment();
  const cliPath = environment.temporalCliPath;
  return findTemporal({ cliPath, cacheDir: cacheFolder(environment), log: console.log }).catch((error: Error) => {
    console.log(error.message);
    return null;
  });
}

async function inParallel<T>(items: readonly T[], atOnce: number, work: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items];
  const worker = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}
