/** Findings, kept as files: `found/<target>-<hash>.json`. `found.test.ts` tries each of them again. */
import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Input } from './target.ts';

/** A finding, with where it came from. */
export interface Finding {
  readonly target: string;
  /** With these `npm run fuzz -- --only TARGET --seed SEED --case CASE` made it, as long as the catalogue stays the same. */
  readonly seed: string;
  readonly case: number;
  readonly faults: readonly string[];
  readonly input: Input;
}

const FOLDER = join(import.meta.dirname, 'found');

/** All findings that are kept, by name of file. */
export async function readFindings(): Promise<ReadonlyMap<string, Finding>> {
  const names = (await readdir(FOLDER)).filter((name) => name.endsWith('.json')).sort();
  const texts = await Promise.all(names.map((name) => readFile(join(FOLDER, name), 'utf8')));
  return new Map(names.map((name, i) => [name, JSON.parse(texts[i] ?? '') as Finding]));
}

/** Writes a finding; the same input takes the same file. Resolves to its name. */
export async function keepFinding(finding: Finding): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(finding.input)).digest('hex').slice(0, 8);
  const name = `${finding.target}-${hash}.json`;
  await writeFile(join(FOLDER, name), `${JSON.stringify(finding, null, 2)}\n`);
  return name;
}
