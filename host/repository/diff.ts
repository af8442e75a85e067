/** `GET /repo/diff`: what a branch has that main has not, committed and not committed. */
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clone } from './clone.ts';
import type { Setting } from './git.ts';

/** A file that differs. A renamed one is a deleted and an added one. */
export interface FileChange {
  readonly path: string;
  readonly status: 'added' | 'modified' | 'deleted';
  /** Lines; null for a file that is no text. */
  readonly additions: number | null;
  readonly deletions: number | null;
}

/** One part of the difference. */
export interface Changes {
  /** As `git diff` writes it. */
  readonly patch: string;
  /** The patch was longer than 4 MiB: this is its beginning. */
  readonly truncated: boolean;
  readonly files: readonly FileChange[];
}

/** The difference between a branch and main. */
export interface Diff {
  readonly branch: string;
  readonly base: string;
  /** Commit in which the two parted; null when they have none in common. */
  readonly mergeBase: string | null;
  readonly committed: Changes;
  /** Files that git does not know yet included. */
  readonly uncommitted: Changes;
}

const PATCH_BYTES = 4 * 1024 * 1024;

/** No program of the repository's choice, one form whatever its settings. */
const PLAIN = [
  ...['--no-ext-diff', '--no-textconv', '--no-color', '--no-renames', '--no-relative', '--submodule=short'],
  ...['--src-prefix=a/', '--dst-prefix=b/'],
];

interface Place {
  readonly clone: Clone;
  readonly dir: string;
  readonly settings: readonly Setting[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Reads both differences of the branch whose folder is `dir`. */
export async function readDiff(clone: Clone, branch: string, dir: string): Promise<Diff> {
  const place: Place = { clone, dir, settings: await clone.plainly(dir) };
  const base = clone.main;
  const { stdout } = await clone.git(['merge-base', `refs/heads/${base}`, 'HEAD'], {}, dir);
  const mergeBase = stdout.trim() || null;
  const from = mergeBase ?? `refs/heads/${base}`;
  const [committed, uncommitted] = await Promise.all([changes(place, [from, 'HEAD']), readUncommitted(place)]);
  return { branch, base, mergeBase, committed, uncommitted };
}

/** Untracked files are announced to a copy of the index: the one of the folder stays as it is. */
async function readUncommitted(place: Place): Promise<Changes> {
  const { clone, dir, settings } = place;
  const words = ['rev-parse', '--path-format=absolute', '--git-path', 'index'];
  const index = (await clone.must('find the index', words, {}, dir)).trim();
  const folder = await mkdtemp(join(tmpdir(), 'cloister-index-'));
  try {
    const env = { GIT_INDEX_FILE: join(folder, 'index') };
    await copyFile(index, env.GIT_INDEX_FILE);
    const quiet: readonly Setting[] = [...settings, ['advice.addEmbeddedRepo', 'false']];
    await clone.must('find new files', ['add', '--intent-to-add', '--', '.'], { settings: quiet, env }, dir);
    return await changes({ ...place, env }, ['HEAD']);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function changes({ clone, dir, settings, env }: Place, revisions: readonly string[]): Promise<Changes> {
  const options = { settings, ...(env && { env }) };
  const ask = (...form: string[]) =>
    clone.must('compare', ['diff', ...PLAIN, ...form, ...revisions, '--'], options, dir);
  const [states, counts] = await Promise.all([ask('--name-status', '-z'), ask('--numstat', '-z')]);
  const words = ['diff', ...PLAIN, '--patch', ...revisions, '--'];
  const { stdout, cut } = await clone.git(words, { ...options, maxBytes: PATCH_BYTES }, dir);
  return { patch: stdout, truncated: cut, files: filesOf(states, counts) };
}

const STATUS: Readonly<Record<string, FileChange['status']>> = { A: 'added', D: 'deleted' };

/** `--name-status -z` is `<letter>\0<path>\0`, `--numstat -z` is `<added>\t<deleted>\t<path>\0`. */
function filesOf(states: string, counts: string): FileChange[] {
  const lines = new Map(
    counts.split('\0').flatMap((entry) => {
      const [, added = '', deleted = '', path] = /^(\S+)\t(\S+)\t([\s\S]+)$/.exec(entry) ?? [];
      return path === undefined ? [] : [[path, { additions: countOf(added), deletions: countOf(deleted) }] as const];
    }),
  );
  const words = states.split('\0');
  const files: FileChange[] = [];
  for (let n = 0; n + 1 < words.length; n += 2) {
    const [letter = '', path = ''] = [words[n], words[n + 1]];
    const counted = lines.get(path) ?? { additions: null, deletions: null };
    files.push({ path, status: STATUS[letter] ?? 'modified', ...counted });
  }
  return files;
}

const countOf = (text: string): number | null => (/^\d+$/.test(text) ? Number(text) : null);
