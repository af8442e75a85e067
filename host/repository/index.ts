/** The config project's repository: its clone, its branches and their folders, kept up to date from a remote. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { checkBranchName, installedMark } from '../../registry/index.ts';
import { readBuiltIns } from '../builtins.ts';
import { ApiError } from '../error.ts';
import {
  type BranchListing,
  createBranch,
  listBranches,
  type NewBranch,
  type OpenedWorktree,
  openWorktree,
  type PushReport,
  pushBranch,
} from './branches.ts';
import { ensureCheckout } from './checkouts.ts';
import { Clone, type CloneOptions } from './clone.ts';
import { type Diff, readDiff } from './diff.ts';
import { Gate } from './gate.ts';
import { replaceFolder } from './generated.ts';
import { type Commit, readCommits, readStatus, type Status } from './history.ts';
import { alone } from './lock.ts';
import { type CleanReport, cleanClone, fetchBranches, type SyncReport, syncClone } from './sync.ts';
import { TYPES_DIR, typeFiles } from './types.ts';
import type { OpenRuns } from './usage.ts';
import { requireWorktree } from './worktrees.ts';

/** What a repository is made of. */
export interface RepositoryOptions extends CloneOptions {
  /** Null: the shipped ones. */
  readonly builtInDir: string | null;
  readonly runs: OpenRuns;
  /** True where people edit `dir` itself: what would change branches or files there is not for the API. */
  readonly edited: boolean;
  readonly log: Logger;
}

/** Where a branch is read. */
export interface Place {
  readonly dir: string;
  /** Null: a plain folder, which has neither branches nor commits. */
  readonly branch: string | null;
  readonly commit: string | null;
}

/** For how long there may be no repository while a new one takes the place of the old. */
const SWAP_MS = 1_000;

/**
 * The repository. Calls may overlap, also from several hosts over the same folders: those that change something wait for each
 * other. All but `place` reject with `NOT_A_REPOSITORY` for a plain folder, and with `GIT_FAILED`.
 */
export class Repository {
  readonly #clone: Clone;
  readonly #options: RepositoryOptions;
  #syncing: Promise<SyncReport> | null = null;
  #failure: unknown = null;

  constructor(options: RepositoryOptions) {
    this.#options = options;
    this.#clone = new Clone(options);
  }

  /** Held for reading by who reads packages, for writing by who installs them. */
  readonly gate = new Gate();

  /** Folder of the main branch. */
  get dir(): string {
    return this.#options.dir;
  }

  /** Null: a plain folder. */
  get mainBranch(): string | null {
    return this.#options.mainBranch;
  }

  /** Whether there is a repository to read. */
  isThere(): Promise<boolean> {
    return this.#clone.exists();
  }

  /** Changes when packages were installed; empty while there are none. */
  packagesMark(): Promise<string> {
    return installedMark(this.#options.dir);
  }

  /**
   * Where a branch is read, null being main: main in its folder, another one in its worktree and nowhere else. Rejects with
   * `BRANCH_INVALID`, `BRANCH_NOT_FOUND`, `PROJECT_UNUSABLE`.
   */
  async place(branch: string | null): Promise<Place> {
    const { dir, mainBranch, remote } = this.#options;
    if (branch !== null) checkBranchName(branch);
    if (!(await this.#stands())) {
      if (remote) throw new ApiError('PROJECT_UNUSABLE', 'the config project is not cloned yet');
      if (branch === null || branch === mainBranch) return { dir, branch: null, commit: null };
      const details = {
        where: 'query branch',
        found: JSON.stringify(branch),
        expected: 'none: a plain folder has none',
      };
      throw new ApiError('BRANCH_NOT_FOUND', 'the config project is a plain folder', details);
    }
    if (branch === null || branch === this.#clone.main) {
      const { main } = this.#clone;
      const commit = await this.#clone.head();
      if (commit !== null) return { dir, branch: main, commit };
      throw new ApiError('BRANCH_NOT_FOUND', 'the repository has no main branch', { expected: 'CONFIG_BRANCH' });
    }
    const worktree = await requireWorktree(this.#clone, branch);
    return { dir: worktree.dir, branch, commit: worktree.commit };
  }

  /** Makes sure that a commit has its folder in `CHECKOUTS_DIR`. */
  checkout(commit: string): Promise<void> {
    return ensureCheckout(this.#clone, commit);
  }

  /** Clones or updates, installs dependencies, cleans up. A call while one runs joins it. Also `NPM_INSTALL_FAILED`. */
  sync(): Promise<SyncReport> {
    this.#syncing ??= this.#sync()
      .then(
        (report) => {
          this.#failure = null;
          return report;
        },
        (error: unknown) => {
          this.#failure = error;
          throw error;
        },
      )
      .finally(() => {
        this.#syncing = null;
      });
    return this.#syncing;
  }

  async #sync(): Promise<SyncReport> {
    this.#notEdited();
    return this.#alone(() => syncClone(this.#clone, this.#options.runs, this.gate));
  }

  /** Removes worktrees of branches that are gone on the remote as it was fetched last, and checkouts that nobody needs. */
  async clean(): Promise<CleanReport> {
    this.#notEdited();
    await this.#clone.require();
    return this.#alone(() => cleanClone(this.#clone, this.#options.runs));
  }

  /** Rejects with the reason of the last sync, if that failed: the check of `GET /health`. */
  async healthy(): Promise<void> {
    if (this.#failure !== null) throw this.#failure;
  }

  async status(branch: string | null): Promise<Status> {
    const { dir, branch: name } = await this.#folder(branch);
    return readStatus(this.#clone, name, dir);
  }

  async branches(): Promise<readonly BranchListing[]> {
    await this.#clone.require();
    return listBranches(this.#clone);
  }

  /** `from`: null is main. Also `BRANCH_INVALID`, `BRANCH_EXISTS`, `BRANCH_NOT_FOUND`, `WORKTREE_TAKEN`. */
  async createBranch(name: string, from: string | null): Promise<NewBranch> {
    this.#notEdited();
    checkBranchName(name);
    if (from !== null) checkBranchName(from);
    await this.#clone.require();
    return this.#alone(() => createBranch(this.#clone, name, from ?? this.#clone.main));
  }

  /** Also `BRANCH_INVALID`, `BRANCH_IS_MAIN`, `BRANCH_NOT_FOUND`, `WORKTREE_TAKEN`. */
  async openWorktree(branch: string): Promise<OpenedWorktree> {
    this.#notEdited();
    checkBranchName(branch);
    await this.#clone.require();
    return this.#alone(() => openWorktree(this.#clone, branch, () => fetchBranches(this.#clone)));
  }

  /** Also `BRANCH_INVALID`, `BRANCH_IS_MAIN`, `BRANCH_NOT_FOUND`, `PUSH_REJECTED`. */
  async push(branch: string | null): Promise<PushReport> {
    this.#notEdited();
    if (branch !== null) checkBranchName(branch);
    await this.#clone.require();
    return this.#alone(() => pushBranch(this.#clone, branch ?? this.#clone.main));
  }

  async diff(branch: string | null): Promise<Diff> {
    const { dir, branch: name } = await this.#folder(branch);
    return readDiff(this.#clone, name, dir);
  }

  /** Newest first. */
  async commits(branch: string | null, limit: number): Promise<readonly Commit[]> {
    return readCommits(this.#clone, (await this.#folder(branch)).dir, limit);
  }

  /** Writes `manifests/types` of a branch and commits nothing. Resolves to the paths written. */
  async writeTypes(branch: string | null): Promise<{ branch: string; written: readonly string[] }> {
    const { dir, branch: name } = await this.#folder(branch);
    const files = await typeFiles(await readBuiltIns(this.#options.builtInDir));
    return { branch: name, written: await this.#alone(() => replaceFolder(dir, TYPES_DIR, files)) };
  }

  /** A branch's folder, which is one of the repository. */
  async #folder(branch: string | null): Promise<{ readonly dir: string; readonly branch: string }> {
    if (branch !== null) checkBranchName(branch);
    await this.#clone.require();
    const { dir, branch: name } = await this.place(branch);
    return { dir, branch: name ?? this.#clone.main };
  }

  #alone<T>(work: () => Promise<T>): Promise<T> {
    return alone(this.#options.worktreesDir, work);
  }

  #notEdited(): void {
    if (!this.#options.edited) return;
    throw new ApiError('NOT_CONFIGURED', 'this host runs what is in the editor: branches are changed with git itself');
  }

  async #stands(): Promise<boolean> {
    if (await this.#clone.exists()) return true;
    const last = performance.now() + SWAP_MS;
    while (this.#options.remote && performance.now() < last) {
      await sleep(20);
      if (await this.#clone.exists()) return true;
    }
    return false;
  }
}
