import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A test file and what its first comment lines ask for: `// timeout: 300` (seconds), `// alone`, `// deep`. */
export interface TestFile {
  /** Relative to the root, with forward slashes. */
  readonly path: string;
  readonly limitMs: number;
  /** Runs while nothing else does. */
  readonly alone: boolean;
  /** Takes long to show that other tests can fail: left out unless asked for. */
  readonly deep: boolean;
  /** A `*.fails.ts`: it must end red, which counts as one passed test. */
  readonly mustFail: boolean;
  /** What its text alone gives away: a suite that never runs, an `only` left behind. Null when there is nothing. */
  readonly fault: string | null;
}

const DEFAULT_LIMIT_MS = 120_000;

/** Every test file under `root`/test whose path contains one of `filters` (all without filters), in order of path. */
export async function findFiles(root: string, filters: readonly string[]): Promise<readonly TestFile[]> {
  const paths = await Array.fromAsync(glob('test/**/*.{test,fails}.ts', { cwd: root }));
  const wanted = paths.filter((path) => !path.startsWith('test/fixtures/') && isWanted(path, filters)).sort();
  return Promise.all(wanted.map(async (path) => readTestFile(path, await readFile(join(root, path), 'utf8'))));
}

/** Whether `name` contains one of the filters; without filters, always. */
export function isWanted(name: string, filters: readonly string[]): boolean {
  return filters.length === 0 || filters.some((filter) => name.includes(filter));
}

function readTestFile(path: string, text: string): TestFile {
  const [head = ''] = /^(\/\/.*\n)*/.exec(text) ?? [];
  const seconds = /\btimeout: (\d+)/.exec(head)?.[1];
  return {
    path,
    limitMs: seconds === undefined ? DEFAULT_LIMIT_MS : Number(seconds) * 1000,
    alone: /\balone\b/.test(head),
    deep: /\bdeep\b/.test(head),
    mustFail: path.endsWith('.fails.ts'),
    fault: faultOf(text),
  };
}

function faultOf(text: string): string | null {
  const suites = text.match(/= suite\b.*\(/g)?.length ?? 0;
  const runs = text.match(/\.run\(\)/g)?.length ?? 0;
  if (runs < suites) return `has ${suites} suites, of which ${runs} run: end each with .run()`;
  return /^\s*\w+\.only\(/m.test(text) ? 'has an .only, which leaves the other tests out' : null;
}
