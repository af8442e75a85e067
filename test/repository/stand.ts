/** A remote of a config project, people who push to it, and a repository over it: real git, nothing else. */
import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pino from 'pino';
import { Repository, type RepositoryOptions } from '../../host/repository/index.ts';
import type { OpenRuns, Use } from '../../host/repository/usage.ts';
import { temporaryFolder, writeFiles } from '../stand/project.ts';

const WHO = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', '-c', 'commit.gpgsign=false'];

/** Runs git as somebody; its output. */
export async function git(dir: string, ...words: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('git', ['-C', dir, ...WHO, ...words], { maxBuffer: 2 ** 26 });
  return stdout.trim();
}

/** Runs that are open, as a test says. */
export interface SaidRuns extends OpenRuns {
  readonly branches: Set<string>;
  readonly commits: Set<string>;
  answers: boolean;
}

/** A remote with a person's clone of it, and folders for a host. */
export interface Stand {
  readonly root: string;
  /** Bare. */
  readonly bare: string;
  readonly url: string;
  /** Where a person works. */
  readonly desk: string;
  readonly dir: string;
  readonly worktrees: string;
  readonly checkouts: string;
  readonly runs: SaidRuns;
  repository(more?: Partial<RepositoryOptions>): Repository;
  /** Writes files and commits them at the desk; the commit. */
  commit(files: Readonly<Record<string, string>>, message?: string): Promise<string>;
  /** Commits and pushes to `branch`; the commit. */
  publish(files: Readonly<Record<string, string>>, branch?: string): Promise<string>;
  close(): Promise<void>;
}

/** Makes all of it, with a first commit on `main`. */
export async function repositoryStand(files: Readonly<Record<string, string>>): Promise<Stand> {
  const folder = await temporaryFolder('repository');
  const root = folder.path;
  const [bare, desk] = [join(root, 'remote.git'), join(root, 'desk')];
  await git(root, 'init', '-q', '--bare', '-b', 'main', bare);
  await git(root, 'init', '-q', '-b', 'main', desk);
  await git(desk, 'remote', 'add', 'origin', bare);
  const [dir, worktrees, checkouts] = [join(root, 'repo'), join(root, 'worktrees'), join(root, 'checkouts')];
  const runs = saidRuns();
  const stand: Stand = {
    root,
    bare,
    url: `file://${bare}`,
    desk,
    dir,
    worktrees,
    checkouts,
    runs,
    repository: (more = {}) =>
      new Repository({
        dir,
        mainBranch: 'main',
        worktreesDir: worktrees,
        checkoutsDir: checkouts,
        remote: { url: `file://${bare}`, token: null },
        builtInDir: null,
        runs,
        edited: false,
        log: pino({ level: 'silent' }),
        ...more,
      }),
    commit: async (more, message = 'a change') => {
      await writeFiles(desk, more);
      await git(desk, 'add', '-A');
      await git(desk, 'commit', '-q', '--allow-empty', '-m', message);
      return git(desk, 'rev-parse', 'HEAD');
    },
    publish: async (more, branch = 'main') => {
      const commit = await stand.commit(more);
      await git(desk, 'push', '-q', 'origin', `HEAD:refs/heads/${branch}`);
      return commit;
    },
    close: () => rm(root, { recursive: true, force: true, maxRetries: 5 }),
  };
  await stand.publish(files);
  return stand;
}

function saidRuns(): SaidRuns {
  const [branches, commits] = [new Set<string>(), new Set<string>()];
  const use = (found: boolean): Use => (runs.answers ? (found ? 'some' : 'none') : 'unknown');
  const runs: SaidRuns = {
    branches,
    commits,
    answers: true,
    onBranch: async (branch) => use(branches.has(branch)),
    atCommit: async (commit) => use(commits.has(commit)),
  };
  return runs;
}

/** What a promise rejects with, by its code; null when it resolves. */
export async function codeOf(work: Promise<unknown>): Promise<string | null> {
  return work.then(
    () => null,
    (error: { code?: unknown }) => String(error.code ?? error),
  );
}
