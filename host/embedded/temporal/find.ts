/** Finds the `temporal` program, or gets it: see the order at `findTemporal`. */
import { execFile } from 'node:child_process';
import { access, constants, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { withLock } from '../../bootstrap/lock.mjs';
import { buildWithGo } from './build.ts';
import { download } from './download.ts';

/** The version that is downloaded or built. Later ones cannot be had by `go install`: their go.mod replaces a module. */
export const TEMPORAL_VERSION = 'v1.5.1';

/** Where to look, and where to tell what takes long. */
export interface FindOptions {
  /** `TEMPORAL_CLI_PATH`, or null. Set, it is the only place looked at. */
  readonly cliPath: string | null;
  /** The project's cache folder; made if need be. */
  readonly cacheDir: string;
  /** Gets a line when something takes long, every few seconds. */
  readonly log: (line: string) => void;
}

/** One way of getting the program: its path, or why it is none. */
export type Attempt = { readonly found: string } | { readonly failed: string };

/** No `temporal` program could be found or made. The message lists each way with what was in its way. */
export class TemporalMissingError extends Error {
  override readonly name = 'TemporalMissingError';
}

const VERSION_LIMIT_MS = 10_000;
const run = promisify(execFile);

/**
 * Resolves to the path of a `temporal` program. In order: `cliPath`; `temporal` on PATH; the cache; a download into the
 * cache; a build with Go into the cache (2.5 minutes on two cores, once). Two processes at once download or build once.
 * Rejects with `TemporalMissingError`.
 */
export async function findTemporal({ cliPath, cacheDir, log }: FindOptions): Promise<string> {
  if (cliPath !== null) return given(cliPath);
  const cached = join(cacheDir, `temporal-${TEMPORAL_VERSION}`);
  const ready = (await onPath()) ?? (await inCache(cached));
  if (ready !== null) return ready;
  await mkdir(cacheDir, { recursive: true });
  const waiting = () => log('another process is getting the Temporal server; waiting for it');
  return withLock(`${cached}.lock`, () => make(cached, log), waiting);
}

async function make(cached: string, log: (line: string) => void): Promise<string> {
  const ready = await inCache(cached);
  if (ready !== null) return ready;
  const downloaded = await download(TEMPORAL_VERSION, cached, log);
  if ('found' in downloaded) return downloaded.found;
  const built = await buildWithGo(TEMPORAL_VERSION, cached, log);
  if ('found' in built) return built.found;
  throw new TemporalMissingError(`No Temporal server was found or could be made. One of these is needed:
  - a running server: set TEMPORAL_ADDRESS to its host:port
  - the temporal program (docs.temporal.io/cli) on PATH, or TEMPORAL_CLI_PATH set to it
  - a way to temporal.download, to download it (now: ${downloaded.failed})
  - Go 1.25 or later, to build it (now: ${built.failed})`);
}

async function given(cliPath: string): Promise<string> {
  const failure = await run(cliPath, ['--version'], { timeout: VERSION_LIMIT_MS }).then(
    () => null,
    (error: Error) => error.message,
  );
  if (failure === null) return cliPath;
  throw new TemporalMissingError(`TEMPORAL_CLI_PATH is ${cliPath}, which is not a temporal program: ${failure}`);
}

async function onPath(): Promise<string | null> {
  const { stdout } = await run('/bin/sh', ['-c', 'command -v temporal']).catch(() => ({ stdout: '' }));
  const found = stdout.trim();
  if (!found.startsWith('/')) return null;
  const works = await run(found, ['server', 'start-dev', '--help'], { timeout: VERSION_LIMIT_MS }).catch(() => null);
  return works === null ? null : found;
}

/** Only whole programs get there, by rename, so being there is enough. */
function inCache(cached: string): Promise<string | null> {
  return access(cached, constants.X_OK).then(
    () => cached,
    () => null,
  );
}
