/** Checkouts: the files of one commit each, in `{CHECKOUTS_DIR}/{hash}`, for hosts that load scripts per commit. */
import { lstat, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
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
    // Locked until it is in its place: whoever tidies the worktrees meanwhile would find its folder gone.
    await clone.must('check the commit out', ['worktree', 'add', '--lock', '--detach', draft, commit], { settings });
    await linkModules(clone, draft);
    await settle(draft, place);
  } catch (error) {
    await discard(clone, draft);
    // Renaming onto a folder that is not empty fails: another one was faster.
    if (!(await isThere(place))) throw error;
  }
}

/** Puts it in its place by renaming, and tells git; `git worktree move` would move it into a folder that is there. */
async function settle(draft: string, place: string): Promise<void> {
  const admin = await adminOf(draft);
  await rename(draft, place);
  await writeFile(join(admin, 'gitdir'), `${join(place, '.git')}\n`);
  await rm(join(admin, 'locked'), { force: true });
}

async function discard(clone: Clone, draft: string): Promise<void> {
  const admin = await adminOf(draft).catch(() => null);
  if (admin !== null) await rm(join(admin, 'locked'), { force: true });
  await rm(draft, { recursive: true, force: true });
  await clone.git(['worktree', 'prune']);
}

/** What git keeps of a worktree. */
async function adminOf(worktree: string): Promise<string> {
  const [, admin] = /^gitdir: (.+)$/m.exec(await readFile(join(worktree, '.git'), 'utf8')) ?? [];
  if (admin !== undefined) return admin;
  throw new Error(`${worktree}/.git names no worktree`);
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
    if (isDraft) {
      if (await isOld(folder)) await discard(clone, folder);
      continue;
    }
    if (heads.has(name) || (await runs.atCommit(name)) !== 'none') continue;
    await rm(folder, { recursive: true, force: true });
    removed.push(name);
  }
  if (removed.length > 0) await clone.must('tidy the worktrees', ['worktree', 'prune']);
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
