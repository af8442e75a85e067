/** The built-in scripts: read once, handed to the build as text. */
import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';

const SHIPPED = join(import.meta.dirname, '../plugins');

/** Activities that every project of project workers can call; scripts of workflows in YAML cannot. */
const SAMPLES = 'samples';

/** Built-in scripts below `dir` (null: the shipped ones), as `fhir/search` → source text. */
export async function readBuiltIns(dir: string | null): Promise<ReadonlyMap<string, string>> {
  const scripts = await readScripts(dir ?? SHIPPED);
  return dir === null ? new Map([...scripts].filter(([name]) => !name.startsWith(`${SAMPLES}/`))) : scripts;
}

/** The activities that come with the product for projects, as `sendEmail` → source text; what begins with `_` they share. */
export function readSamples(): Promise<ReadonlyMap<string, string>> {
  return readScripts(join(SHIPPED, SAMPLES));
}

async function readScripts(root: string): Promise<ReadonlyMap<string, string>> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.d.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')));
  return new Map(files.map((file, i) => [nameOf(relative(root, file)), texts[i] ?? '']));
}

const nameOf = (path: string): string => path.split(sep).join('/').replace(/\.ts$/, '');
