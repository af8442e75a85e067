/** Which state of a branch new runs are compiled from (specification D4, API-46, API-47). */
import type { Logger } from 'pino';
import { type Build, openProject, type Project } from '../../registry/index.ts';
import type { Place, Repository } from './index.ts';

/** What snapshots are taken with. */
export interface SnapshotOptions {
  readonly repository: Repository;
  /** False: each branch stays at the commit that was loaded first, until the process ends. */
  readonly reload: boolean;
  readonly builtIns: ReadonlyMap<string, string>;
  readonly build: Build;
  readonly log: Logger;
}

/** Each holds the texts of a project. */
const MOST_KEPT = 8;

/** Opens snapshots of branches. Every one is of a single commit, whatever happens to the branch meanwhile. */
export class Snapshots {
  readonly #options: SnapshotOptions;
  /** Where each branch was when it was loaded first. */
  readonly #first = new Map<string | null, Place>();
  readonly #kept = new Map<string, Promise<Project>>();

  constructor(options: SnapshotOptions) {
    this.#options = options;
  }

  /**
   * Does `work` with the state of a branch that a new run obeys, while neither main nor the packages change. Rejects as
   * `Repository.place` and `openProject` do, and as `work` does.
   */
  use<T>(branch: string | null, work: (project: Project) => Promise<T>): Promise<T> {
    return this.#options.repository.gate.reading(async () => {
      const place = await this.#place(branch);
      const [done] = await Promise.all([this.#open(place).then(work), this.#checkOut(place)]);
      return done;
    });
  }

  /** That state, for who compiles nothing. Rejects likewise. */
  async open(branch: string | null): Promise<Project> {
    return this.#open(await this.#place(branch));
  }

  async #place(branch: string | null): Promise<Place> {
    const { repository, reload } = this.#options;
    if (reload) return repository.place(branch);
    const isMain = branch === null || branch === repository.mainBranch;
    const main = isMain ? this.#first.get(repository.mainBranch) : undefined;
    if (main) return main;
    const place = await repository.place(branch);
    const first = this.#first.get(place.branch) ?? place;
    this.#first.set(place.branch, first);
    return first;
  }

  /** Opened once for each commit and each set of packages. */
  async #open(place: Place): Promise<Project> {
    const { repository, reload } = this.#options;
    const { branch, commit } = place;
    if (commit === null && reload) return this.#read(place);
    const key = JSON.stringify([branch, commit, await repository.packagesMark()]);
    const opened = this.#kept.get(key) ?? this.#read(place);
    this.#kept.delete(key);
    this.#kept.set(key, opened);
    opened.catch(() => this.#kept.delete(key));
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MOST_KEPT && oldest !== undefined) this.#kept.delete(oldest);
    return opened;
  }

  #read({ dir, branch, commit }: Place): Promise<Project> {
    const { repository, builtIns, build } = this.#options;
    const shared = { dir, builtIns, build, packagesDir: repository.dir };
    if (branch === null || commit === null) return openProject({ ...shared, mode: 'commit' });
    return openProject({ ...shared, mode: 'commit', branch, commit });
  }

  /** Texts are read out of git's own objects, where no link leads anywhere; the folder is there for people and tools. */
  async #checkOut({ commit }: Place): Promise<void> {
    const { repository, reload, log } = this.#options;
    if (!reload || commit === null) return;
    await repository.checkout(commit).catch((error: unknown) => {
      log.warn({ commit, err: error }, 'a commit could not be checked out; its runs do without');
    });
  }
}
