/** A fresh clone: the first one, and the one after `GIT_REPO_URL` was changed. */
import { lstat, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ApiError } from '../error.ts';
import { isCheckout } from './checkouts.ts';
import { type Clone, noMain } from './clone.ts';
import { type Remote, shownUrl } from './remote.ts';
import { gitFailed } from './words.ts';
import { removeOrphans } from './worktrees.ts';

/** Folders in `WORKFLOW_DIR` that a clone passes through; whoever finds one found what a dead host left behind. */
const DRAFT = '.cloister-clone-';
/** What an installation that died left behind; see `registry/packages/stage.ts`. */
const INSTALL_DRAFT = '.cloister-install-';
/** What the root of a volume may hold by itself. */
const VOLUME = 'lost+found';
/** Stands in a repository whose files are not checked out yet. */
const UNFINISHED = 'cloister-unfinished';

/**
 * Whether the clone must be made anew: there is none, or it is another remote's. Throws `NOT_A_REPOSITORY` for a folder
 * with files of somebody's that are no repository.
 */
export async function needsClone(clone: Clone, remote: Remote): Promise<boolean> {
  if (await clone.exists()) return !sameRemote(await clone.origin(), remote);
  const names = await readdir(clone.options.dir).catch(() => []);
  // Without its repository an older clone is a half-removed one, and says so by the draft beside it.
  if (names.some((name) => name.startsWith(DRAFT)) || names.every((name) => name === VOLUME)) return true;
  throw new ApiError('NOT_A_REPOSITORY', 'the folder of the config project holds files that are no repository', {
    where: 'WORKFLOW_DIR',
    expected: 'an empty folder, or a clone of GIT_REPO_URL',
  });
}

/**
 * Clones, and resolves to what puts the clone in its place: one renaming, so that what stands there is always whole. The one
 * before serves until then. Files, worktrees and checkouts follow in `finishClone`, which a host that died in between leaves
 * to the next.
 */
export async function makeClone(clone: Clone, remote: Remote): Promise<() => Promise<void>> {
  const { dir } = clone.options;
  await mkdir(dir, { recursive: true });
  const draft = await mkdtemp(join(dir, DRAFT));
  const made = join(draft, 'new');
  const words = ['--no-checkout', '--no-tags', '--origin', 'origin', '--branch', clone.main, '--', remote.url, made];
  const answer = await clone.git(['clone', '--quiet', ...words], clone.access(remote));
  if (answer.code !== 0) {
    await rm(draft, { recursive: true, force: true });
    if (/^fatal: Remote branch .* not found/m.test(answer.stderr)) throw noMain(clone.main);
    throw gitFailed('clone the remote', answer, clone.hidden);
  }
  await writeFile(join(made, '.git', UNFINISHED), '');
  return async () => {
    if (await clone.exists()) await rename(join(dir, '.git'), join(draft, 'old'));
    await rename(join(made, '.git'), join(dir, '.git'));
  };
}

/** Removes what belonged to an earlier clone and checks the files out. Does nothing where that is done. */
export async function finishClone(clone: Clone): Promise<void> {
  const { dir, checkoutsDir } = clone.options;
  const mark = join(dir, '.git', UNFINISHED);
  const isUnfinished = await lstat(mark).then(
    () => true,
    () => false,
  );
  if (isUnfinished) {
    await removeOrphans(clone);
    for (const name of await readdir(checkoutsDir).catch(() => [])) {
      if (isCheckout(name)) await rm(join(checkoutsDir, name), { recursive: true, force: true });
    }
    const settings = await clone.plainly();
    await clone.must('check the files out', ['reset', '--hard', 'HEAD'], { settings });
    await clone.must('remove earlier files', ['clean', '--quiet', '-ffdx', '-e', VOLUME, '-e', `${DRAFT}*`], {
      settings,
    });
    await rm(mark);
  }
  const drafts = (await readdir(dir)).filter((name) => name.startsWith(DRAFT) || name.startsWith(INSTALL_DRAFT));
  for (const draft of drafts) await rm(join(dir, draft), { recursive: true, force: true });
}

/** The token is no part of the comparison, nor are a user, a slash or `.git` at the end. */
function sameRemote(origin: string | null, { url }: Remote): boolean {
  const plain = (text: string): string =>
    shownUrl(text)
      .replace(/\/+$/, '')
      .replace(/\.git$/, '');
  return origin !== null && plain(origin) === plain(url);
}
