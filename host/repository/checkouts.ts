/** Checkouts: the files of one commit each, in `{CHECKOUTS_DIR}/{hash}`, for hosts that load scripts per commit. */
import { lstat, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Clone } from './clone.ts';
import type { OpenRuns } from './usage.ts';
import { linkModules, listWorktrees } from './worktrees.ts';

const DRAFT = '.draft-';
const HASH = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
/** Nobody takes so long to make one: it was left behind. */
const STALE_MS = 60 * 60_000;

/** Whether a folder below `CHECKOUTS_DIR` has the name of a checkout, whole or half-made. */
export const isCheckout = (name: string): boolean => HASH.test(name) || name.startsWith(DRAFT);

/**
 * Makes sure that a commit is checked out; what stands under its name is always whole. Several hosts, and several calls, may
 * do it at once: one of them wins.
 */
export async function ensureCheckout(clone: Clone, commit: string): Promise<void> {
  const { checkoutsDir } = clone.options;
  const place = join(checkoutsDir, commit);
  if (!HASH.test(commit) || (await isThere(place))) return;
  await mkdir(checkoutsDir, { recursive: true });
  const draft = await mkdtemp(join(checkoutsDir, DRAFT));
  const settings = await clone.plainly();
  try {
    await clone.must('check the commit out', ['worktree', 'add', '--quiet', '--detach', draft, commit], { settings });
    await linkModules(clone, draft);
    await rename(draft, place);
    await settle(clone, draft, place);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    // Renaming onto a folder that is not empty fails: another one was faster.
    if (!(await isThere(place))) throw error;
  }
}

/** Tells git where the worktree went, as `git worktree move` does, which however moves into a folder that is there. */
async function settle(clone: Clone, draft: string, place: string): Promise<void> {
  const admin = join(await clone.commonDir(), 'worktrees', basename(draft), 'gitdir');
  await writeFile(admin, `${join(place, '.git')}\n`);
}

/**
 * Removes the checkouts that are neither the newest commit of a branch with a folder nor pinned by an open run. While it is
 * not known which runs are open, all stay. Resolves to their hashes.
 */
export async function pruneCheckouts(clone: Clone, runs: OpenRuns): Promise<readonly string[]> {
  const { checkoutsDir } = clone.options;
  const names = (await readdir(checkoutsDir).catch(() => [])).filter(isCheckout);
  const heads = new Set((await listWorktrees(clone)).map(({ commit }) => commit));
  heads.add((await clone.tip(`refs/heads/${clone.main}`)) ?? '');
  const removed: string[] = [];
  for (const name of names) {
    const folder = join(checkoutsDir, name);
    const isDraft = name.startsWith(DRAFT);
    if (isDraft ? !(await isOld(folder)) : heads.has(name) || (await runs.atCommit(name)) !== 'none') continue;
    await rm(folder, { recursive: true, force: true });
    if (!isDraft) removed.push(name);
  }
  if (names.length > 0) await clone.must('tidy the worktrees', ['worktree', 'prune']);
  return removed;
}

async function isOld(path: string): Promise<boolean> {
  const found = await lstat(path).catch(() => null);
  return found !== null && Date.now() - found.mtimeMs > STALE_MS;
}

async function isThere(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
