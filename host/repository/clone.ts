/** The main clone of the config project, and how commands are run in it and in what hangs on it. */
import { lstat, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ApiError } from '../error.ts';
import { type GitAnswer, type GitCommand, runGit, type Setting } from './git.ts';
import { accessTo, type Remote } from './remote.ts';
import { gitFailed, type Hidden } from './words.ts';

/** Where the project and its branches are. Folders are absolute; they need not exist. */
export interface CloneOptions {
  /** The main branch: `WORKFLOW_DIR`. */
  readonly dir: string;
  /** Null only for a plain folder. */
  readonly mainBranch: string | null;
  readonly worktreesDir: string;
  readonly checkoutsDir: string;
  /** Null: the clone is kept up to date from the remote that it names itself. */
  readonly remote: Remote | null;
}

type Options = Omit<GitCommand, 'dir' | 'args'>;

/** The clone. Methods that run git throw `GIT_FAILED`. */
export class Clone {
  readonly options: CloneOptions;
  readonly hidden: Hidden;

  constructor(options: CloneOptions) {
    this.options = options;
    const { dir, worktreesDir, checkoutsDir, remote } = options;
    this.hidden = new Map([
      ...(remote?.token ? [[remote.token, '***'] as const] : []),
      ...[[worktreesDir, 'WORKTREES_DIR'] as const, [checkoutsDir, 'CHECKOUTS_DIR'] as const],
      [dir, 'WORKFLOW_DIR'] as const,
    ]);
  }

  /** Name of the main branch. Throws `NOT_A_REPOSITORY` where there is none. */
  get main(): string {
    const { mainBranch } = this.options;
    if (mainBranch !== null) return mainBranch;
    throw notARepository();
  }

  /** Whether there is a repository; only a whole one ever stands there. */
  async exists(): Promise<boolean> {
    return lstat(join(this.options.dir, '.git')).then(
      () => true,
      () => false,
    );
  }

  /** Throws `NOT_A_REPOSITORY`. */
  async require(): Promise<void> {
    if (!(await this.exists())) throw notARepository();
  }

  /** Runs a command, in the clone or in `dir`; its exit code is the caller's to judge. */
  git(args: readonly string[], options: Options = {}, dir = this.options.dir): Promise<GitAnswer> {
    return runGit({ ...options, dir, args });
  }

  /** The output of a command that must succeed; `what` completes "git could not …". */
  async must(what: string, args: readonly string[], options: Options = {}, dir = this.options.dir): Promise<string> {
    const answer = await this.git(args, options, dir);
    if (answer.code !== 0) throw gitFailed(what, answer, this.hidden);
    return answer.stdout;
  }

  /**
   * Settings for a command that writes or compares files: git would start the program that a setting names as a file's
   * filter. Files kept by one, as with git-lfs, stay as they are stored.
   */
  async plainly(dir = this.options.dir): Promise<readonly Setting[]> {
    const { stdout } = await this.git(['config', '-z', '--name-only', '--list'], {}, dir);
    const names = new Set(stdout.split('\0').filter((name) => name.startsWith('filter.')));
    return [...names].map((name) => [name, name.endsWith('.required') ? 'false' : ''] as const);
  }

  /** The repository itself, for files that all worktrees share. */
  async commonDir(): Promise<string> {
    const words = ['rev-parse', '--path-format=absolute', '--git-common-dir'];
    return (await this.must('find the repository', words)).trim();
  }

  /** Keeps what is the host's own out of git's sight: a link is not what `node_modules/` in a `.gitignore` means. */
  async hideOurs(): Promise<void> {
    const file = join(await this.commonDir(), 'info/exclude');
    const lines = await readFile(file, 'utf8').catch(() => '');
    const missing = OURS.filter((line) => !lines.split('\n').includes(line));
    if (missing.length === 0) return;
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, [lines.replace(/\n$/, ''), ...missing, ''].join('\n'));
  }

  /** The commit of a full ref, null where there is none. */
  async tip(ref: string): Promise<string | null> {
    const words = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`];
    const { code, stdout } = await this.git(words);
    return code === 0 ? stdout.trim() : null;
  }

  /**
   * The commit of main, null where there is none. Every start of a run asks for it, and a process of git's holds the host up for
   * as long as it takes to fork it: the file of the ref is read instead, where git keeps it as one. It is never half written.
   */
  async head(): Promise<string | null> {
    const ref = `refs/heads/${this.main}`;
    const text = await readFile(join(this.options.dir, '.git', ref), 'utf8').catch(() => '');
    const [, commit] = HASH_LINE.exec(text) ?? [];
    return commit ?? this.tip(ref);
  }

  /** The branch that is checked out, null where there is none. */
  async current(): Promise<string | null> {
    const { code, stdout } = await this.git(['symbolic-ref', '--quiet', '--short', 'HEAD']);
    return code === 0 ? stdout.trim() : null;
  }

  /** Address of the remote that the clone names, null where it names none. */
  async origin(): Promise<string | null> {
    const { code, stdout } = await this.git(['config', '--local', '--get', 'remote.origin.url']);
    return code === 0 ? stdout.trim() : null;
  }

  /** The remote to speak to; null: there is none. */
  async remote(): Promise<Remote | null> {
    if (this.options.remote) return this.options.remote;
    const url = await this.origin();
    return url === null ? null : { url, token: null };
  }

  /** What a command needs that speaks to a remote. */
  access(remote: Remote): Options {
    return { ...accessTo(remote), timeoutMs: REMOTE_TIMEOUT_MS };
  }
}

/** What the file of a ref holds. A symbolic one, one among the packed, and one of another backend are git's to read. */
const HASH_LINE = /^([0-9a-f]{40}|[0-9a-f]{64})\n$/;

/** Packages, and what is half-made. */
const OURS = ['/node_modules', '/.cloister-*/'];
const REMOTE_TIMEOUT_MS = 10 * 60_000;

function notARepository(): ApiError {
  return new ApiError('NOT_A_REPOSITORY', 'the config project is no git repository', {
    where: 'project',
    found: 'a plain folder',
    expected: 'a git repository',
  });
}

/** The refusal of a remote without the main branch. */
export function noMain(branch: string): ApiError {
  return new ApiError('GIT_FAILED', 'the remote has no branch of that name', {
    where: 'CONFIG_BRANCH',
    found: JSON.stringify(branch),
    expected: 'a branch of the remote',
  });
}
