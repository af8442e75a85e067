import { lstat, realpath, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { RegistryError } from '../errors.ts';
import { checkBranchName } from './branch.ts';
import { readCommit } from './commit.ts';
import { readFolder } from './folder.ts';
import { git, gitOutput } from './git.ts';

/** Which state of a project is meant. */
export interface SourceRequest {
  readonly dir: string;
  /** Absent: the checked-out one. */
  readonly branch?: string | undefined;
  readonly mode: 'working-tree' | 'commit';
  /** Full hash; only in mode `commit`. */
  readonly commit?: string | undefined;
  /** Folder whose `node_modules` are the project's: a worktree has those of the main clone. Absent: `dir`. */
  readonly packagesDir?: string | undefined;
}

/** A state of a project, read. */
export interface Source {
  /** Real path. */
  readonly dir: string;
  readonly branch: string | null;
  readonly commit: string | null;
  readonly dirty: boolean;
  readonly files: ReadonlyMap<string, string>;
}

/**
 * Reads a project. A folder that is the top of a git repository has a branch and a commit; any other folder is read as it is,
 * in both modes. A branch that is not checked out is read from its newest commit.
 */
export async function readSource(request: SourceRequest): Promise<Source> {
  if (request.branch !== undefined) checkBranchName(request.branch);
  const dir = await findFolder(request.dir);
  if (await isRepository(dir)) return readRepository(dir, request);
  if (request.branch !== undefined) throw branchNotFound(request.branch, 'a plain folder, which has no branches');
  if (request.commit !== undefined) {
    throw new RegistryError('NOT_A_REPOSITORY', `project: found the plain folder ${dir}, expected a git repository`);
  }
  return { dir, branch: null, commit: null, dirty: false, files: await readFolder(dir) };
}

async function findFolder(given: string): Promise<string> {
  const dir = await realpath(resolve(given)).catch(() => null);
  if (dir !== null && (await stat(dir)).isDirectory()) return dir;
  throw new RegistryError('PROJECT_NOT_FOUND', `project: found no folder ${resolve(given)}, expected a config project`);
}

/** Only the top of a working tree counts: a folder inside somebody's repository is a plain one. */
async function isRepository(dir: string): Promise<boolean> {
  const marker = await lstat(join(dir, '.git')).catch(() => null);
  if (marker === null) return false;
  const top = (await gitOutput(dir, ['rev-parse', '--show-toplevel'])).toString('utf8').replace(/\n$/, '');
  return (await realpath(top)) === dir;
}

async function readRepository(dir: string, { branch, mode, commit }: SourceRequest): Promise<Source> {
  const current = await currentBranch(dir);
  if (mode === 'commit' && commit !== undefined) return atCommit(dir, branch ?? current, await verify(dir, commit));
  if (branch !== undefined && branch !== current) return atCommit(dir, branch, await tipOf(dir, branch));
  const head = await resolveCommit(dir, 'HEAD');
  if (mode === 'commit') {
    if (head === null)
      throw new RegistryError('COMMIT_NOT_FOUND', 'project: found no commit yet, expected at least one');
    return atCommit(dir, current, head);
  }
  const [dirty, files] = await Promise.all([isDirty(dir), readFolder(dir)]);
  return { dir, branch: current, commit: head, dirty: head === null || dirty, files };
}

async function atCommit(dir: string, branch: string | null, commit: string): Promise<Source> {
  return { dir, branch, commit, dirty: false, files: await readCommit(dir, commit) };
}

async function currentBranch(dir: string): Promise<string | null> {
  const { code, stdout } = await git(dir, ['symbolic-ref', '--quiet', '--short', 'HEAD']);
  return code === 0 ? stdout.toString('utf8').trim() : null;
}

async function isDirty(dir: string): Promise<boolean> {
  const words = ['status', '--porcelain', '-z', '--ignore-submodules=all'];
  const status = await gitOutput(dir, words, { settings: await withoutFilters(dir) });
  return status.length > 0;
}

/** To compare a file, git would start the program that the repository's settings name as its filter. */
async function withoutFilters(dir: string): Promise<readonly (readonly [string, string])[]> {
  const { stdout } = await git(dir, ['config', '-z', '--name-only', '--get-regexp', '^filter\\.']);
  const names = new Set(stdout.toString('utf8').split('\0').filter(Boolean));
  return [...names].map((name) => [name, name.endsWith('.required') ? 'false' : ''] as const);
}

async function tipOf(dir: string, branch: string): Promise<string> {
  const commit = await resolveCommit(dir, `refs/heads/${branch}`);
  if (commit === null) throw branchNotFound(branch, 'no such branch');
  return commit;
}

async function verify(dir: string, commit: string): Promise<string> {
  const found = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(commit) ? await resolveCommit(dir, commit) : null;
  if (found !== null) return found;
  throw new RegistryError('COMMIT_NOT_FOUND', `commit: found ${JSON.stringify(commit)}, expected a commit of ${dir}`);
}

async function resolveCommit(dir: string, revision: string): Promise<string | null> {
  const words = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`];
  const { code, stdout } = await git(dir, words);
  return code === 0 ? stdout.toString('utf8').trim() : null;
}

function branchNotFound(branch: string, found: string): RegistryError {
  return new RegistryError(
    'BRANCH_NOT_FOUND',
    `branch ${JSON.stringify(branch)}: found ${found}, expected one of the project`,
  );
}
