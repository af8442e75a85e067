/** Downloads the `temporal` program with the downloader that the Temporal SDK has for its tests. */
import { mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { leash } from '../leash.ts';
import type { Attempt } from './find.ts';
import { withProgress } from './progress.ts';

const ORIGIN = 'https://temporal.download';
const REACH_LIMIT_MS = 5000;
const DOWNLOAD_LIMIT_MS = 180_000;
const ERROR_TAIL = 500;
const DOWNLOADER = fileURLToPath(new URL('./downloader.ts', import.meta.url));

/**
 * Downloads `version` and moves it to `target` in one step. Gives up after 5 s when the site cannot be reached, as in
 * closed networks, and after 3 minutes at the latest. Never rejects.
 */
export async function download(version: string, target: string, log: (line: string) => void): Promise<Attempt> {
  const obstacle = await reach(version);
  if (obstacle !== null) return { failed: obstacle };
  const folder = await mkdtemp(`${target}.downloading-`);
  try {
    const failure = await withProgress('downloading the Temporal server', log, () => fetchInto(folder, version));
    if (failure !== null) return { failed: failure };
    const [file] = await readdir(folder);
    if (file === undefined) return { failed: 'the download left no file' };
    await rename(join(folder, file), target);
    return { found: target };
  } catch (error) {
    return { failed: error instanceof Error ? error.message : String(error) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function reach(version: string): Promise<string | null> {
  try {
    const query = `arch=${process.arch === 'arm64' ? 'arm64' : 'amd64'}&platform=${process.platform}`;
    const answer = await fetch(`${ORIGIN}/temporal-cli/${version}?${query}`, {
      signal: AbortSignal.timeout(REACH_LIMIT_MS),
    });
    await answer.body?.cancel();
    return answer.ok ? null : `${ORIGIN} answered ${answer.status}`;
  } catch (error) {
    return causeOf(error);
  }
}

/** The SDK cannot be told to stop, so it works in a process that can be ended. */
async function fetchInto(folder: string, version: string): Promise<string | null> {
  const sdk = leash(process.execPath, [DOWNLOADER, folder, version], { stderr: 'pipe' });
  let errors = '';
  sdk.child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    errors = (errors + chunk).slice(-ERROR_TAIL);
  });
  const limit = setTimeout(() => void sdk.stop(0), DOWNLOAD_LIMIT_MS);
  const { code, signal } = await sdk.ended;
  clearTimeout(limit);
  if (signal === 'SIGKILL') return `not done within ${DOWNLOAD_LIMIT_MS / 1000} s`;
  return code === 0 ? null : `the download ended with ${signal ?? `code ${code}`}: ${errors.trim()}`;
}

function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
