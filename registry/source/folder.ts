import { constants } from 'node:fs';
import { open, readdir, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { AREAS, CAPS, isProjectFile, ROOT_FILES } from './areas.ts';
import { Basket, tooLarge } from './basket.ts';

/**
 * Reads the files of a project from the disk. Links are followed as long as they stay inside: a link in `activities/` may
 * lead to another place of `activities/`, and nothing leads out of `dir`. What leads elsewhere counts as missing.
 */
export async function readFolder(dir: string): Promise<ReadonlyMap<string, string>> {
  const root = await realpath(dir);
  const basket = new Basket();
  for (const name of ROOT_FILES) {
    const real = await realpathInside(join(root, name), root);
    if (real !== null) await readInto(basket, name, real);
  }
  for (const area of AREAS) {
    const real = await realpathInside(join(root, area), root);
    if (real !== null) await walk({ basket, base: real }, area, [real]);
  }
  return basket.close();
}

interface Walk {
  readonly basket: Basket;
  /** Real path that links may not leave. */
  readonly base: string;
}

/** `trail` holds the real paths of the folders above, so that a link upwards ends the walk. */
async function walk(state: Walk, path: string, trail: readonly string[]): Promise<void> {
  if (trail.length > CAPS.depth) throw tooLarge(`${path}: found more than ${CAPS.depth} folders deep, expected fewer`);
  const folder = trail.at(-1) ?? state.base;
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOTDIR') return [];
    throw error;
  });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const inner = `${path}/${entry.name}`;
    if (entry.name === 'node_modules' || entry.name.startsWith('.')) continue;
    const real = entry.isSymbolicLink()
      ? await realpathInside(join(folder, entry.name), state.base)
      : join(folder, entry.name);
    if (real === null || trail.includes(real)) continue;
    const found = entry.isSymbolicLink() ? await stat(real) : entry;
    if (found.isDirectory()) await walk(state, inner, [...trail, real]);
    else if (isProjectFile(inner)) await readInto(state.basket, inner, real);
  }
}

/** The path without links; null when it does not exist or leaves `base`. */
async function realpathInside(path: string, base: string): Promise<string | null> {
  const real = await realpath(path).catch(() => null);
  return real?.startsWith(base + sep) ? real : null;
}

async function readInto(basket: Basket, path: string, real: string): Promise<void> {
  // A pipe in place of a file must not hold us up, and a link put there since must not be followed.
  const file = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const { size, ...found } = await file.stat().then((stats) => ({ size: stats.size, isFile: stats.isFile() }));
    if (!found.isFile) return;
    basket.admit(path, size);
    basket.add(path, await file.readFile('utf8'));
  } finally {
    await file.close();
  }
}
