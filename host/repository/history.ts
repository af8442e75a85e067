/** `GET /repo/commits` and `GET /repo/status`: what a branch is at. */
import type { Clone } from './clone.ts';
import { shownUrl } from './remote.ts';

/** One commit. */
export interface Commit {
  readonly hash: string;
  /** Name of who wrote it. */
  readonly author: string;
  /** ISO 8601, UTC: when it was written. */
  readonly date: string;
  readonly message: string;
}

/** State of a branch's folder. */
export interface Status {
  readonly commit: string;
  readonly branch: string;
  /** Without user and password; null: there is no remote. */
  readonly remoteUrl: string | null;
  /** Files differ from the commit, or are not known to git. */
  readonly dirty: boolean;
}

const FIELDS = '%H%x00%an%x00%at%x00%B';

/** Commits of the branch whose folder is `dir`, newest first. */
export async function readCommits(clone: Clone, dir: string, limit: number): Promise<readonly Commit[]> {
  const words = ['log', '-z', `--max-count=${limit}`, `--format=${FIELDS}`, '--no-show-signature', 'HEAD', '--'];
  // Each commit is four fields; texts hold no NUL, so that they can be counted.
  const fields = (await clone.must('read the commits', words, {}, dir)).split('\0');
  const commits: Commit[] = [];
  for (let n = 0; n + 3 < fields.length; n += 4) {
    const [hash = '', author = '', seconds = '', message = ''] = fields.slice(n, n + 4);
    commits.push({ hash, author, date: new Date(Number(seconds) * 1000).toISOString(), message: message.trim() });
  }
  return commits;
}

/** State of the folder `dir`, which is that of `branch`. */
export async function readStatus(clone: Clone, branch: string, dir: string): Promise<Status> {
  const [commit, dirty, remote] = await Promise.all([
    clone.must('read the newest commit', ['rev-parse', '--verify', 'HEAD'], {}, dir),
    isDirty(clone, dir),
    clone.remote(),
  ]);
  return { commit: commit.trim(), branch, remoteUrl: remote && shownUrl(remote.url), dirty };
}

/** Whether files of a folder differ from its commit, or are not known to git; `paths` narrows them. */
export async function isDirty(clone: Clone, dir: string, paths: readonly string[] = []): Promise<boolean> {
  const settings = await clone.plainly(dir);
  const words = ['status', '--porcelain', '-z', '--branch', '--ignore-submodules=all', ...paths];
  const [, ...changes] = (await clone.must('compare the files', words, { settings }, dir)).split('\0').filter(Boolean);
  return changes.length > 0;
}
