import { lstat, readdir, readFile, realpath, stat } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import type { PackageFiles, ReadPackage } from '../build.ts';
import { digestOf } from '../canonical.ts';
import { RegistryError } from '../errors.ts';
import { isInstalled } from './install.ts';

const CAPS = { files: 10_000, fileBytes: 4 * 1024 * 1024, totalBytes: 32 * 1024 * 1024, depth: 24 } as const;
const NAME = /^(?:@[A-Za-z0-9~-][\w.~-]*\/)?[A-Za-z0-9~-][\w.~-]*$/;
const TEXT = /\.(?:[cm]?js|jsx|json)$/;
/** What tells a package with native code from a pure one; only the name counts. */
const NATIVE = /(?:^|\/)(?:binding\.gyp|[^/]+\.node)$/;

/** Packages already read, by real folder; `stamp` changes when a file of it does. */
export type PackageCache = Map<string, { readonly stamp: string; readonly files: PackageFiles }>;

/** Packages kept at most: each may hold some megabytes of text. */
const MOST_CACHED = 64;

/**
 * Reads installed packages of a project, as Node would find them: nearest `node_modules` upwards from the package that asks.
 * Nothing outside the project's own `node_modules` is read. That folder may be a link, as in a worktree, to one that was
 * installed from the same dependencies: what a project says of itself must not open another's folder. Text files only.
 */
export function packageReader(dir: string, cache: PackageCache): ReadPackage {
  const byKey = new Map<string, string>();
  let opening: Promise<string | null> | undefined;
  return async (name, from) => {
    opening ??= openModules(dir);
    const root = await opening;
    if (root === null || !NAME.test(name) || name === 'node_modules') return null;
    const start = from === null ? null : (byKey.get(from) ?? null);
    for (const folder of candidates(root, start)) {
      const real = await realpath(join(folder, name)).catch(() => null);
      if (real === null || !real.startsWith(root + sep) || !(await hasManifest(real))) continue;
      const files = await readPackage(root, real, cache);
      byKey.set(files.key, real);
      return files;
    }
    return null;
  };
}

/** Real path of the project's packages, null when there are none. */
async function openModules(dir: string): Promise<string | null> {
  const folder = join(dir, 'node_modules');
  const found = await lstat(folder).catch(() => null);
  if (found === null || (found.isSymbolicLink() && !(await isInstalled(dir)))) return null;
  return realpath(folder).catch(() => null);
}

/** `node_modules` folders in which a package is looked for, nearest first. */
function candidates(root: string, start: string | null): string[] {
  const folders: string[] = [];
  for (let at = start ?? root; at.startsWith(root + sep); at = dirname(at)) {
    if (!at.endsWith(`${sep}node_modules`)) folders.push(join(at, 'node_modules'));
  }
  return [...folders, root];
}

async function hasManifest(folder: string): Promise<boolean> {
  return stat(join(folder, 'package.json')).then(
    (found) => found.isFile(),
    () => false,
  );
}

interface Found {
  readonly path: string;
  readonly bytes: number;
  readonly stamp: string;
}

async function readPackage(root: string, real: string, cache: PackageCache): Promise<PackageFiles> {
  const name = relative(root, real).split(sep).join('/');
  const found = await list(real, name);
  const stamp = digestOf(found);
  const cached = cache.get(real);
  if (cached?.stamp === stamp) return cached.files;
  const texts = found.map(async ({ path }) => {
    return [path, NATIVE.test(path) ? '' : await readFile(join(real, path), 'utf8')] as const;
  });
  const files = new Map(await Promise.all(texts));
  const read = { key: `${name}#${digestOf([...files]).slice(0, 32)}`, files };
  cache.delete(real);
  cache.set(real, { stamp, files: read });
  for (const oldest of cache.keys()) if (cache.size > MOST_CACHED) cache.delete(oldest);
  return read;
}

async function list(real: string, name: string): Promise<Found[]> {
  const found: Found[] = [];
  let bytes = 0;
  const open = [''];
  for (let inner = open.pop(); inner !== undefined; inner = open.pop()) {
    if (inner.split('/').length > CAPS.depth) throw refused(name, `folders more than ${CAPS.depth} deep`);
    for (const entry of await readdir(join(real, inner), { withFileTypes: true })) {
      const path = `${inner}${entry.name}`;
      if (entry.isDirectory() && entry.name !== 'node_modules') open.push(`${path}/`);
      if (!entry.isFile() || !(TEXT.test(path) || NATIVE.test(path))) continue;
      const { size, mtimeMs, ctimeMs } = await stat(join(real, path));
      const counted = NATIVE.test(path) ? 0 : size;
      if (counted > CAPS.fileBytes) throw refused(name, `${path} of ${size} bytes`);
      bytes += counted;
      found.push({ path, bytes: size, stamp: `${mtimeMs} ${ctimeMs}` });
    }
    if (found.length > CAPS.files || bytes > CAPS.totalBytes)
      throw refused(name, `${found.length} files, ${bytes} bytes`);
  }
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

function refused(name: string, found: string): RegistryError {
  return new RegistryError('PACKAGE_REFUSED', `package ${name}: found ${found}, expected a smaller one`);
}
