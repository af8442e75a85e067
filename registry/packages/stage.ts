import { copyFile, mkdir, mkdtemp, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isTarball } from './origin.ts';

/** Folders of this name in a project are installations under way, or what a dead host left of one. */
const DRAFT = '.cloister-install-';
const MOST_BYTES = 256 * 1024 * 1024;
const FILE_SPEC = /"(file:[^"\\]+)"/g;

/**
 * Lets `install` fill the `node_modules` of a folder beside those of the project, and puts them in their place when they are
 * whole: readers have the old ones or the new ones, and keep the old ones when npm fails. `orders`: the files that tell npm what
 * to do, by name. Rejects with what `install` rejects.
 */
export async function stageModules(
  dir: string,
  orders: ReadonlyMap<string, string>,
  install: (draft: string) => Promise<void>,
): Promise<void> {
  const draft = await mkdtemp(join(dir, DRAFT));
  try {
    for (const [name, text] of orders) await writeFile(join(draft, name), text);
    for (const path of tarballs(orders)) await copyInto(draft, dir, path);
    await mkdir(join(draft, 'node_modules'));
    await install(draft);
    const place = join(dir, 'node_modules');
    await ifThere(rename(place, join(draft, 'replaced')));
    await rename(join(draft, 'node_modules'), place);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** Paths of the tarballs that the orders name. */
function tarballs(orders: ReadonlyMap<string, string>): Set<string> {
  const specs = [...orders.values()].flatMap((text) => [...text.matchAll(FILE_SPEC)].map(([, spec = '']) => spec));
  return new Set(specs.filter(isTarball).map((spec) => spec.slice('file:'.length)));
}

/** A link may lead to a file without end, or out of the project: what is no plain file of it is npm's to miss. */
async function copyInto(draft: string, dir: string, path: string): Promise<void> {
  const from = join(dir, path);
  const [root, real] = await Promise.all([realpath(dir), realpath(from).catch(() => null)]);
  const found = real === join(root, path) ? await stat(real) : null;
  if (!found?.isFile() || found.size > MOST_BYTES) return;
  await mkdir(dirname(join(draft, path)), { recursive: true });
  await copyFile(from, join(draft, path));
}

async function ifThere(work: Promise<void>): Promise<void> {
  await work.catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
}
