/** Writes generated files into a branch's folder, and nowhere else. */
import { chmod, lstat, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ApiError } from '../error.ts';

/**
 * Replaces a folder (relative, of plain names) of a project by one with just these files. A link on the way there may be part
 * of a commit, and could lead anywhere: it is refused with `GIT_FAILED`. Resolves to the paths written, relative to `dir`.
 */
export async function replaceFolder(
  dir: string,
  folder: string,
  files: ReadonlyMap<string, string>,
): Promise<readonly string[]> {
  const parent = dirname(folder);
  await requireFolders(dir, folder.split('/'));
  await mkdir(join(dir, parent), { recursive: true });
  const draft = await mkdtemp(join(dir, parent, '.draft-'));
  try {
    for (const [path, text] of files) {
      await mkdir(dirname(join(draft, path)), { recursive: true });
      await writeFile(join(draft, path), text);
    }
    await chmod(draft, 0o755);
    await rm(join(dir, folder), { recursive: true, force: true });
    await rename(draft, join(dir, folder));
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return [...files.keys()].map((path) => `${folder}/${path}`).sort();
}

async function requireFolders(dir: string, parts: readonly string[]): Promise<void> {
  for (const [n] of parts.entries()) {
    const path = parts.slice(0, n + 1).join('/');
    const found = await lstat(join(dir, path)).catch(() => null);
    if (found === null) return;
    if (found.isDirectory()) continue;
    const details = { where: path, found: 'a link or a file', expected: 'a folder' };
    throw new ApiError('GIT_FAILED', 'the types cannot be written', details);
  }
}
