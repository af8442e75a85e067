/** `POST /repo/sync`: clone or update, install what is needed, remove what nobody needs. */
import { installDependencies, RegistryError } from '../../registry/index.ts';
import { npmEnvironment } from '../env.ts';
import { ApiError } from '../error.ts';
import { pruneCheckouts } from './checkouts.ts';
import { type Clone, noMain } from './clone.ts';
import { finishClone, makeClone, needsClone } from './fresh.ts';
import type { Gate } from './gate.ts';
import { isDirty } from './history.ts';
import type { Remote } from './remote.ts';
import type { OpenRuns } from './usage.ts';
import { scrubbed } from './words.ts';
import { listWorktrees, removeWorktree, track, type Worktree } from './worktrees.ts';

/** What a sync did. */
export interface SyncReport {
  readonly branch: string;
  /** Commit of main before; null: there was no clone. */
  readonly before: string | null;
  readonly after: string;
  readonly cloned: boolean;
  readonly npmInstall: { readonly ran: boolean; readonly durationMs: number };
  /** Folder names. */
  readonly removedWorktrees: readonly string[];
  /** Those whose branch is gone on the remote, and that stay for now. */
  readonly keptWorktrees: readonly { readonly name: string; readonly reason: KeepReason }[];
  /** Commit hashes. */
  readonly prunedCheckouts: readonly string[];
}

/** Why a worktree stays: a run is open on its branch, that cannot be told, or files in it are nowhere else. */
export type KeepReason = 'in-use' | 'use-unknown' | 'uncommitted';

/** What the clean-up did. */
export type CleanReport = Pick<SyncReport, 'removedWorktrees' | 'keptWorktrees' | 'prunedCheckouts'>;

/** Brings the clone to the state of its remote. For one caller at a time. Throws `GIT_FAILED`, `NPM_INSTALL_FAILED`. */
export async function syncClone(clone: Clone, runs: OpenRuns, gate: Gate): Promise<SyncReport> {
  const branch = clone.main;
  const { remote: configured } = clone.options;
  const cloned = configured !== null && (await needsClone(clone, configured));
  if (!cloned) await clone.require();
  const before = cloned ? null : await clone.tip(`refs/heads/${branch}`);
  const move = cloned ? await makeClone(clone, configured) : await update(clone);
  // Whoever compiles meanwhile has either the old commit and its packages or the new ones.
  const { after, npmInstall } = await gate.writing(async () => {
    await move();
    await finishClone(clone);
    await clone.hideOurs();
    const head = await clone.tip(`refs/heads/${branch}`);
    if (head === null) throw noMain(branch);
    return { after: head, npmInstall: await install(clone) };
  });
  if (!cloned) await forwardWorktrees(clone);
  return { branch, before, after, cloned, npmInstall, ...(await cleanClone(clone, runs)) };
}

/** Removes worktrees of branches that were deleted on the remote, and checkouts that nobody needs. */
export async function cleanClone(clone: Clone, runs: OpenRuns): Promise<CleanReport> {
  const removedWorktrees: string[] = [];
  const keptWorktrees: { name: string; reason: KeepReason }[] = [];
  for (const worktree of await listWorktrees(clone)) {
    if (!(await isDeleted(clone, worktree))) continue;
    const { name } = worktree;
    const reason = await reasonToKeep(clone, worktree, runs);
    if (reason !== null) {
      keptWorktrees.push({ name, reason });
      continue;
    }
    await removeWorktree(clone, worktree);
    removedWorktrees.push(name);
  }
  return { removedWorktrees, keptWorktrees, prunedCheckouts: await pruneCheckouts(clone, runs) };
}

/** Learns which branches the remote has; changes none here. Does nothing without a remote. */
export async function fetchBranches(clone: Clone): Promise<void> {
  const remote = await clone.remote();
  if (remote) await fetch(clone, remote);
}

/** By address: what the clone's settings say of the remote does not count. */
async function fetch(clone: Clone, remote: Remote): Promise<void> {
  const branches = '+refs/heads/*:refs/remotes/origin/*';
  const words = ['--prune', '--no-tags', '--no-recurse-submodules', '--no-write-fetch-head'];
  await clone.must('fetch from the remote', ['fetch', ...words, '--', remote.url, branches], clone.access(remote));
}

/** Fetches, and resolves to what takes main to where the remote has it. */
async function update(clone: Clone): Promise<() => Promise<void>> {
  const remote = await clone.remote();
  if (!remote) return async () => undefined;
  await fetch(clone, remote);
  const head = await clone.tip(`refs/remotes/origin/${clone.main}`);
  if (head === null) throw noMain(clone.main);
  return () => reset(clone, head);
}

/** Main and the files of its folder. Readers of commits see one or the other; who edits main loses the edits. */
async function reset(clone: Clone, head: string): Promise<void> {
  const settings = await clone.plainly();
  if ((await clone.current()) !== clone.main) {
    const words = ['checkout', '--force', '-B', clone.main, head, '--'];
    await clone.must('check main out', words, { settings });
  }
  await clone.must('reset main', ['reset', '--hard', head], { settings });
}

async function install(clone: Clone): Promise<SyncReport['npmInstall']> {
  const started = performance.now();
  try {
    const ran = await installDependencies(clone.options.dir, { env: npmEnvironment(), evenIfNone: true });
    return { ran, durationMs: ran ? Math.round(performance.now() - started) : 0 };
  } catch (error) {
    if (!(error instanceof RegistryError)) throw error;
    const found = scrubbed(error.message, clone.hidden);
    throw new ApiError('NPM_INSTALL_FAILED', 'the dependencies of the project could not be installed', { found });
  }
}

/** Clean worktrees follow their branch on the remote, where nothing is lost by it. */
async function forwardWorktrees(clone: Clone): Promise<void> {
  for (const { branch, dir, commit } of await listWorktrees(clone)) {
    const upstream = await clone.tip(`refs/remotes/origin/${branch}`);
    if (upstream === null) continue;
    await track(clone, branch);
    if (upstream === commit || !(await isClean(clone, dir))) continue;
    const settings = await clone.plainly(dir);
    // Refused, and rightly, where the branch has commits of its own.
    await clone.git(['merge', '--ff-only', '--no-stat', upstream], { settings }, dir);
  }
}

/** It was on the remote once, and is no more. */
async function isDeleted(clone: Clone, { branch }: Worktree): Promise<boolean> {
  const { code } = await clone.git(['config', '--local', '--get', `branch.${branch}.merge`]);
  return code === 0 && (await clone.tip(`refs/remotes/origin/${branch}`)) === null;
}

async function reasonToKeep(clone: Clone, { branch, dir }: Worktree, runs: OpenRuns): Promise<KeepReason | null> {
  if (!(await isClean(clone, dir))) return 'uncommitted';
  const use = await runs.onBranch(branch);
  return use === 'none' ? null : use === 'some' ? 'in-use' : 'use-unknown';
}

/** What is generated does not count. */
async function isClean(clone: Clone, dir: string): Promise<boolean> {
  return !(await isDirty(clone, dir, ['--', '.', ':!manifests/types']));
}
