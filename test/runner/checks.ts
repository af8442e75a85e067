import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Outcome } from './outcome.ts';
import { runProcess } from './process.ts';

/** A tool that looks at the sources. It counts as one test. */
interface Check {
  readonly name: string;
  readonly args: readonly string[];
}

const LIMIT_MS = 120_000;
const TSC = 'node_modules/typescript/bin/tsc';
const BIOME = 'node_modules/@biomejs/biome/bin/biome';

/** The checks that apply to `root`. */
export function checksOf(root: string): readonly Check[] {
  const types = ['.', ...(existsSync(join(root, 'plugins', 'tsconfig.json')) ? ['plugins'] : [])];
  return [
    ...types.map((project) => ({ name: `check types ${project}`, args: [TSC, '--noEmit', '-p', project] })),
    { name: 'check format and lint', args: [BIOME, 'ci', '--error-on-warnings', '--colors=off', '.'] },
  ];
}

/** Runs one check; red when the tool says so by its exit code. */
export async function runCheck({ name, args }: Check, root: string): Promise<Outcome> {
  const { code, timedOut, output, ms } = await runProcess([process.execPath, ...args], root, LIMIT_MS);
  const ok = code === 0;
  const why = ok ? null : timedOut ? `not done within ${LIMIT_MS / 1000} s` : `exit code ${code}`;
  return { name, passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0, why, output, ms };
}
