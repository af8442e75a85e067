/** Branches: listing, making and pushing them. */
import { ApiError } from '../error.ts';
import type { Clone } from './clone.ts';
import { gitFailed } from './words.ts';
import { addWorktree, findWorktree, folderOf, listWorktrees, requireWorktree, track } from './worktrees.ts';

/** A branch as `GET /repo/branches` shows it. */
export interface BranchListing {
  readonly name: string;
  /** Newest commit, on the remote as it was fetched last; of a branch never pushed: here. */
  readonly commit: string;
  readonly isMain: boolean;
  /** Folder of its worktree. */
  readonly worktree: string | null;
}

/** A branch that was made. */
export interface NewBranch {
  readonly name: string;
  readonly from: string;
  readonly commit: string;
  readonly worktree: string;
}

/** A worktree, and whether this call made it. */
export interface OpenedWorktree {
  readonly created: boolean;
  readonly branch: string;
  readonly worktree: string;
  readonly commit: string;
}

/** What a push did. */
export interface PushReport {
  readonly branch: string;
  readonly commit: string;
  readonly upToDate: boolean;
}

const LOCAL = 'refs/heads/';
const REMOTE = 'refs/remotes/origin/';

/** Branches of the remote, and those with a worktree that were never pushed; main first, then by name. */
export async function listBranches(clone: Clone): Promise<readonly BranchListing[]> {
  const [refs, worktrees, remote] = await Promise.all([readRefs(clone), listWorktrees(clone), clone.remote()]);
  const folders = new Map(worktrees.map(({ branch, name }) => [branch, name]));
  const { main } = clone;
  const names = new Set([...refs.keys()].map(nameOf));
  const listed = [...names].flatMap((name) => {
    const [there, here] = [refs.get(REMOTE + name), refs.get(LOCAL + name)];
    const commit = there ?? (remote === null || folders.has(name) || name === main ? here : undefined);
    return commit === undefined ? [] : [{ name, commit, isMain: name === main, worktree: folders.get(name) ?? null }];
  });
  return listed.sort((a, b) => Number(b.isMain) - Number(a.isMain) || (a.name < b.name ? -1 : 1));
}

/** Makes a branch with a worktree. Throws `BRANCH_EXISTS`, `BRANCH_NOT_FOUND` (for `from`), `WORKTREE_TAKEN`. */
export async function createBranch(clone: Clone, name: string, from: string): Promise<NewBranch> {
  const refs = await readRefs(clone);
  const taken = [...new Set([...refs.keys()].map(nameOf))].find((known) => collides(known, name));
  if (taken !== undefined) {
    const details = { where: 'body name', found: JSON.stringify(taken), expected: 'a name that no branch has' };
    throw new ApiError('BRANCH_EXISTS', 'there is a branch of this name', details);
  }
  const start = refs.get(LOCAL + from) ?? refs.get(REMOTE + from);
  if (start === undefined) throw notFound('body from', from);
  const { commit } = await addWorktree(clone, { branch: name, start, tracked: false });
  return { name, from, commit, worktree: folderOf(name) };
}

/** The worktree of a branch; made where there is none. Throws `BRANCH_IS_MAIN`, `BRANCH_NOT_FOUND`, `WORKTREE_TAKEN`. */
export async function openWorktree(clone: Clone, branch: string, fetch: () => Promise<void>): Promise<OpenedWorktree> {
  if (branch === clone.main) throw isMain('has the project folder as its own');
  const known = await findWorktree(clone, branch);
  if (known) return { created: false, branch, worktree: known.name, commit: known.commit };
  if (!(await isKnown(clone, branch))) await fetch();
  const [here, there] = [await clone.tip(LOCAL + branch), await clone.tip(REMOTE + branch)];
  if (here === null && there === null) throw notFound('branch', branch);
  const { name, commit } = await addWorktree(clone, {
    branch,
    start: here === null ? there : null,
    tracked: there !== null,
  });
  return { created: true, branch, worktree: name, commit };
}

/** Pushes the commits of a branch, never by force. Throws `BRANCH_IS_MAIN`, `BRANCH_NOT_FOUND`, `PUSH_REJECTED`. */
export async function pushBranch(clone: Clone, branch: string): Promise<PushReport> {
  if (branch === clone.main) throw isMain('is not pushed to');
  const { commit } = await requireWorktree(clone, branch);
  const remote = await clone.remote();
  if (remote === null) throw new ApiError('NOT_CONFIGURED', 'the repository has no remote');
  const words = ['--porcelain', '--no-follow-tags', '--no-signed', '--recurse-submodules=no'];
  const answer = await clone.git(
    ['push', ...words, '--', remote.url, `${commit}:${LOCAL}${branch}`],
    clone.access(remote),
  );
  // Each line is `<flag>\t<from>:<to>\t<summary>`; see git-push(1), "output".
  const [, flag] = /^([ +\-*!=])\t/m.exec(answer.stdout) ?? [];
  if (flag === '!') {
    const found = /^!\t[^\t]*\t\[?([^\n]*)/m.exec(answer.stdout)?.[1]?.replace(']', '') ?? 'a refusal';
    throw new ApiError('PUSH_REJECTED', 'the remote did not take the commits', {
      where: 'branch',
      found,
      expected: "a branch that holds all of the remote's commits, and may be pushed to",
    });
  }
  if (answer.code !== 0) throw gitFailed('push the branch', answer, clone.hidden);
  await clone.must('note what was pushed', ['update-ref', REMOTE + branch, commit]);
  await track(clone, branch);
  return { branch, commit, upToDate: flag === '=' };
}

/** Full name → commit, of local branches and those of the remote. */
async function readRefs(clone: Clone): Promise<ReadonlyMap<string, string>> {
  const words = ['for-each-ref', '--format=%(refname) %(objectname)', LOCAL, REMOTE];
  const lines = (await clone.must('list the branches', words)).split('\n').filter(Boolean);
  const pairs = lines.map((line) => line.split(' ') as [string, string]);
  return new Map(pairs.filter(([ref]) => ref !== `${REMOTE}HEAD`));
}

const nameOf = (ref: string): string => ref.slice((ref.startsWith(LOCAL) ? LOCAL : REMOTE).length);

/** A name is a path to git: `a` and `a/b` cannot both be branches. */
const collides = (known: string, name: string): boolean =>
  known === name || known.startsWith(`${name}/`) || name.startsWith(`${known}/`);

async function isKnown(clone: Clone, branch: string): Promise<boolean> {
  return (await clone.tip(LOCAL + branch)) !== null || (await clone.tip(REMOTE + branch)) !== null;
}

function isMain(what: string): ApiError {
  const expected = 'another branch; main changes by pull requests';
  return new ApiError('BRANCH_IS_MAIN', `the main branch ${what}`, { where: 'branch', expected });
}

function notFound(where: string, branch: string): ApiError {
  const details = { where, found: JSON.stringify(branch), expected: 'a branch of the repository' };
  return new ApiError('BRANCH_NOT_FOUND', 'there is no such branch', details);
}
