import { RegistryError } from '../errors.ts';
import { AREAS, isProjectFile, ROOT_FILES } from './areas.ts';
import { Basket } from './basket.ts';
import { gitOutput } from './git.ts';

interface Entry {
  readonly oid: string;
  readonly path: string;
  readonly bytes: number;
}

/** Reads the files of a project out of a commit, without touching the working tree. Links in it count as missing. */
export async function readCommit(dir: string, commit: string): Promise<ReadonlyMap<string, string>> {
  const paths = [...AREAS.map((area) => `${area}/`), ...ROOT_FILES];
  const listing = await gitOutput(dir, ['ls-tree', '-r', '-z', '-l', '--full-tree', commit, '--', ...paths]);
  const entries = listing.toString('utf8').split('\0').flatMap(parseEntry);
  const basket = new Basket();
  for (const { path, bytes } of entries) basket.admit(path, bytes);
  const input = entries.map(({ oid }) => `${oid}\n`).join('');
  const objects = await gitOutput(dir, ['cat-file', '--batch'], { input });
  let offset = 0;
  for (const { path, bytes } of entries) {
    // Each answer is `<oid> blob <size>\n<content>\n`.
    const start = objects.indexOf('\n', offset) + 1;
    if (start === 0 || start + bytes >= objects.length) throw unreadable(path);
    basket.add(path, objects.toString('utf8', start, start + bytes));
    offset = start + bytes + 1;
  }
  return basket.close();
}

/** `<mode> <type> <oid> <size>\t<path>`; only regular files have the two modes. */
function parseEntry(line: string): Entry[] {
  const match = /^100(?:644|755) blob ([0-9a-f]+) +(\d+)\t([\s\S]+)$/.exec(line);
  const [, oid, bytes, path] = match ?? [];
  if (oid === undefined || bytes === undefined || path === undefined) return [];
  const isRoot = ROOT_FILES.some((name) => name === path);
  return isRoot || (path.includes('/') && isProjectFile(path)) ? [{ oid, bytes: Number(bytes), path }] : [];
}

function unreadable(path: string): RegistryError {
  return new RegistryError('GIT_FAILED', `${path}: found no such object in the repository, expected its content`);
}
