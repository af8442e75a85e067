/** The built-in scripts: read once, handed to the build as text. */
import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';

const SHIPPED = join(import.meta.dirname, '../plugins');

/** Built-in scripts below `dir` (null: the shipped ones), as `fhir/search` → source text. */
export async function readBuiltIns(dir: string | null): Promise<ReadonlyMap<string, string>> {
  const root = dir ?? SHIPPED;
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.d.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')));
  return new Map(files.map((file, i) => [nameOf(relative(root, file)), texts[i] ?? '']));
}

const nameOf = (path: string): string => path.split(sep).join('/').replace(/\.ts$/, '');
