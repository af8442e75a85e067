/** Builds the `temporal` program with Go. */
import { execFile } from 'node:child_process';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { leash } from '../leash.ts';
import type { Attempt } from './find.ts';
import { withProgress } from './progress.ts';

const MODULE = 'github.com/temporalio/cli/cmd/temporal';
const ERROR_TAIL = 1500;
const LIMIT_MS = 30 * 60_000;
const run = promisify(execFile);

/** Builds `version` and moves it to `target` in one step. Go ends with this process. Never rejects. */
export async function buildWithGo(version: string, target: string, log: (line: string) => void): Promise<Attempt> {
  const hasGo = await run('go', ['version']).then(
    () => true,
    () => false,
  );
  if (!hasGo) return { failed: 'no `go` on PATH' };
  const folder = await mkdtemp(`${target}.building-`);
  try {
    const about = 'building the Temporal server with Go (some minutes, once)';
    const failure = await withProgress(about, log, () => install(version, folder));
    if (failure !== null) return { failed: failure };
    await rename(join(folder, 'temporal'), target);
    return { found: target };
  } catch (error) {
    return { failed: error instanceof Error ? error.message : String(error) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** `env` adds to the environment as it is; the user's own GOFLAGS (say -mod=vendor) are not for this build. */
async function install(version: string, folder: string): Promise<string | null> {
  const settings = [`GOBIN=${folder}`, 'GOFLAGS=', 'CGO_ENABLED=0', 'GOOS=', 'GOARCH='];
  const command = ['go', 'install', '-trimpath', '-buildvcs=false', '-ldflags=-s -w', `${MODULE}@${version}`];
  const go = leash('env', [...settings, ...command], { stderr: 'pipe' });
  let errors = '';
  go.child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    errors = (errors + chunk).slice(-ERROR_TAIL);
  });
  const limit = setTimeout(() => void go.stop(), LIMIT_MS);
  const { code, signal } = await go.ended;
  clearTimeout(limit);
  return code === 0 ? null : `go install ended with ${signal ?? `code ${code}`}: ${errors.trim()}`;
}
