/** Puts the repository together out of the host's settings, and brings it up to date before anything is served. */
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import pRetry from 'p-retry';
import type { Logger } from 'pino';
import { type Environment, EnvironmentError } from '../env.ts';
import { ApiError } from '../error.ts';
import { Clone } from './clone.ts';
import { Repository } from './index.ts';
import { type OpenRuns, temporalRuns } from './usage.ts';

/** What a repository is started with. */
export interface RepositoryStart {
  readonly environment: Environment;
  readonly temporal: { readonly address: string; readonly namespace: string };
  readonly log: Logger;
  /** A line for people about what takes time. */
  readonly progress: (text: string) => void;
}

/** A repository that is ready to be read. `close` ends what it waits for. */
export interface StartedRepository {
  readonly repository: Repository;
  close(): Promise<void>;
}

const LEAST_WAIT_MS = 2_000;
const MOST_WAIT_MS = 5 * 60_000;

/**
 * With `GIT_REPO_URL`: clones, or updates what is there. Where that fails, an older clone is served and the sync repeated
 * until it succeeds; without one there is nothing to serve, and the start waits. Throws `EnvironmentError` for what only
 * another setting can mend.
 */
export async function startRepository(start: RepositoryStart): Promise<StartedRepository> {
  const { environment, temporal, log, progress } = start;
  // Asked when something is to be removed, not before: the host may start before Temporal.
  const connection = Connection.lazy({ address: temporal.address });
  const runs = temporalRuns(new Client({ connection, namespace: temporal.namespace }));
  const repository = new Repository({ ...settingsOf(environment, runs), log });
  const stop = new AbortController();
  const close = async (): Promise<void> => {
    stop.abort();
    await connection.close();
  };
  if (environment.gitRepoUrl === null) return { repository, close };
  progress(`syncing the config project from ${environment.gitRepoUrl}…`);
  try {
    await repository.sync();
  } catch (error) {
    await serveOlder(repository, { log, signal: stop.signal, error }).catch(async (reason: unknown) => {
      await close();
      throw reason;
    });
  }
  return { repository, close };
}

/** The repository that a developer's editor has open: the API shows it, and writes nothing but generated types. */
export async function editedRepository(dir: string, dataDir: string, builtInDir: string | null, log: Logger) {
  const options = {
    dir,
    worktreesDir: join(dataDir, 'worktrees'),
    checkoutsDir: join(dataDir, 'checkouts'),
    remote: null,
    builtInDir,
    runs: { onBranch: async () => 'unknown', atCommit: async () => 'unknown' } satisfies OpenRuns,
    edited: true,
    log,
  };
  const clone = new Clone({ ...options, mainBranch: null });
  const isThere = await clone.exists();
  return new Repository({ ...options, mainBranch: isThere ? await clone.current() : null });
}

interface Failed {
  readonly log: Logger;
  /** Ends the attempts. */
  readonly signal: AbortSignal;
  readonly error: unknown;
}

/** After a sync that failed: resolves when there is a clone to serve, and goes on trying. */
async function serveOlder(repository: Repository, { log, signal, error }: Failed): Promise<void> {
  const judge = (failure: unknown): void => {
    log.error({ err: failure }, 'the repository could not be synced, and is tried again');
    const problem = problemOf(failure);
    if (problem !== null) throw new EnvironmentError([problem]);
  };
  judge(error);
  const isThere = await repository.isThere();
  const synced = pRetry(() => repository.sync(), {
    retries: Number.POSITIVE_INFINITY,
    minTimeout: LEAST_WAIT_MS,
    maxTimeout: MOST_WAIT_MS,
    signal,
    onFailedAttempt: (attempt) => judge(attempt.error),
  });
  if (isThere) synced.catch(() => undefined);
  else await synced;
}

/** A sentence for what waiting cannot mend; null for the rest. */
function problemOf(error: unknown): string | null {
  if (!(error instanceof ApiError) || error.details.where === undefined) return null;
  const { where, found, expected } = error.details;
  if (where !== 'WORKFLOW_DIR' && where !== 'CONFIG_BRANCH') return null;
  return `${where}${found === undefined ? '' : ` is ${found}`}: ${error.message}; expected ${expected}`;
}

function settingsOf(environment: Environment, runs: OpenRuns) {
  const { workflowDir, configBranch, worktreesDir, checkoutsDir, gitRepoUrl, gitToken, builtInDir } = environment;
  return {
    dir: workflowDir,
    mainBranch: configBranch,
    worktreesDir,
    checkoutsDir,
    remote: gitRepoUrl === null ? null : { url: gitRepoUrl, token: gitToken },
    builtInDir,
    runs,
    edited: false,
  };
}
