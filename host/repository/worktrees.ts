/** Worktrees: a folder for each branch that people work on, beside the main clone. */
import { lstat, mkdir, readdir, readFile, realpath, rm, symlink } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { ApiError } from '../error.ts';
import type { Clone } from './clone.ts';

/** A branch with its folder. */
export interface Worktree {
  readonly branch: string;
  /** Folder below `WORKTREES_DIR`. */
  readonly name: string;
  /** Absolute. */
  readonly dir: string;
  /** Newest commit of the branch. */
  readonly commit: string;
}

/** Folder of a branch: `feature/new-rule` is in `feature-new-rule`. Two branches may share one name. */
export const folderOf = (branch: string): string => branch.replaceAll('/', '-');

/** Worktrees below `WORKTREES_DIR` whose folder is there, each in the folder of its branch. */
export async function listWorktrees(clone: Clone): Promise<readonly Worktree[]> {
  const root = await realpath(clone.options.worktreesDir).catch(() => null);
  if (root === null) return [];
  const listing = await clone.must('list the worktrees', ['worktree', 'list', '--porcelain', '-z']);
  const found: Worktree[] = [];
  for (const entry of listing.split('\0\0')) {
    const fields = new Map(entry.split('\0').map((line) => splitOnce(line)));
    const [path, commit, ref] = [fields.get('worktree'), fields.get('HEAD'), fields.get('branch')];
    if (path === undefined || commit === undefined || !ref?.startsWith('refs/heads/')) continue;
    const branch = ref.slice('refs/heads/'.length);
    const dir = await realpath(path).catch(() => null);
    if (dir === join(root, folderOf(branch))) found.push({ branch, name: folderOf(branch), dir, commit });
  }
  return found;
}

/** The worktree of a branch, null when it has none. */
export async function findWorktree(clone: Clone, branch: string): Promise<Worktree | null> {
  return (await listWorktrees(clone)).find((worktree) => worktree.branch === branch) ?? null;
}

/** As `findWorktree`; throws `BRANCH_NOT_FOUND`. */
export async function requireWorktree(clone: Clone, branch: string): Promise<Worktree> {
  const found = await findWorktree(clone, branch);
  if (found) return found;
  throw new ApiError('BRANCH_NOT_FOUND', 'the branch has no worktree', {
    where: 'branch',
    found: JSON.stringify(branch),
    expected: 'the main branch, or one with a worktree (POST /repo/worktrees)',
  });
}

/** How a worktree comes by its branch. */
export interface NewWorktree {
  readonly branch: string;
  /** A new local branch at this commit or ref; null: the local branch exists. */
  readonly start: string | null;
  /** Remember that the branch is on the remote too. */
  readonly tracked: boolean;
}

/** Makes a worktree. Throws `WORKTREE_TAKEN`. What was made half is taken away again. */
export async function addWorktree(clone: Clone, { branch, start, tracked }: NewWorktree): Promise<Worktree> {
  const { worktreesDir } = clone.options;
  const dir = join(worktreesDir, folderOf(branch));
  await mkdir(worktreesDir, { recursive: true });
  if (await isThere(dir)) throw taken(branch);
  await clone.must('tidy the worktrees', ['worktree', 'prune']);
  // A name of a local branch is taken before anything else of that name; a full ref would be checked out without its branch.
  const source = start === null ? [dir, branch] : ['--no-track', '-b', branch, dir, start];
  const settings = await clone.plainly();
  try {
    await clone.must('make the worktree', ['worktree', 'add', ...source], { settings });
    if (tracked) await track(clone, branch);
    await linkModules(clone, dir);
    return await requireWorktree(clone, branch);
  } catch (error) {
    await rm(dir, { recursive: true, force: true });
    await clone.git(['worktree', 'prune']);
    throw error;
  }
}

/** Notes in git's own way that a branch is on the remote: when it is gone there, it was deleted, not never pushed. */
export async function track(clone: Clone, branch: string): Promise<void> {
  const what = 'note where the branch is';
  await clone.must(what, ['config', '--local', `branch.${branch}.remote`, 'origin']);
  await clone.must(what, ['config', '--local', `branch.${branch}.merge`, `refs/heads/${branch}`]);
}

/** Links the packages of the main clone into a folder beside it, unless the project itself holds something there. */
export async function linkModules(clone: Clone, dir: string): Promise<void> {
  const link = join(dir, 'node_modules');
  if (await isThere(link)) return;
  await clone.hideOurs();
  await symlink(join(clone.options.dir, 'node_modules'), link);
}

/** Takes a worktree and its local branch away; its commits stay reachable under `refs/cloister/removed/`. */
export async function removeWorktree(clone: Clone, { branch, name, dir, commit }: Worktree): Promise<void> {
  await clone.must('keep the commits', ['update-ref', `refs/cloister/removed/${name}-${commit.slice(0, 12)}`, commit]);
  await clone.must('remove the worktree', ['worktree', 'remove', '--force', '--force', dir]);
  await clone.must('remove the branch', ['branch', '-D', '--', branch]);
}

/** Takes folders away that were worktrees of a clone which stood here before. */
export async function removeOrphans(clone: Clone): Promise<void> {
  const { worktreesDir } = clone.options;
  const admins = join(await realpath(clone.options.dir), '.git/worktrees');
  const names = await readdir(worktreesDir).catch(() => []);
  for (const name of names) {
    const folder = join(worktreesDir, name);
    const [, admin] = /^gitdir: (.+)$/m.exec(await readFile(join(folder, '.git'), 'utf8').catch(() => '')) ?? [];
    if (admin === undefined || !isInside(admin, admins) || (await isThere(admin))) continue;
    await rm(folder, { recursive: true, force: true });
  }
}

function isInside(path: string, root: string): boolean {
  const way = relative(root, path);
  return way !== '' && !way.startsWith('..') && !way.includes(sep);
}

async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

function splitOnce(line: string): readonly [string, string] {
  const at = line.indexOf(' ');
  return at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)];
}

function taken(branch: string): ApiError {
  return new ApiError('WORKTREE_TAKEN', 'the folder of this branch is taken', {
    where: 'branch',
    found: `a folder ${folderOf(branch)} that is not this branch's`,
    expected: 'a branch whose name, with "/" as "-", is free',
  });
}
