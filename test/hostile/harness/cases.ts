import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Attack, type Case, EFFECTS } from './attack.ts';

/** Groups of the catalogue, each a folder. */
export const GROUPS = ['sandbox', 'bridge', 'compile', 'resources', 'yaml', 'http', 'fhir', 'db'] as const;
export type Group = (typeof GROUPS)[number];

const root = join(import.meta.dirname, '..');
const NAME = /^([A-Z]{3}-\d{2}[a-z]?)-([a-z]+)-[a-z0-9-]+\.ts$/;

/** The attacks of a group, by id. @throws when a file's name does not say what it is, or an id stands twice. */
export async function casesOf(group: Group): Promise<readonly Case[]> {
  const names = (await readdir(join(root, group))).filter((name) => name.endsWith('.ts')).sort();
  const cases = await Promise.all(names.map((name) => caseOf(group, name)));
  const twice = cases.find(({ id }, i) => cases.findIndex((other) => other.id === id) !== i);
  if (twice) throw new Error(`${group}: ${twice.id} stands twice`);
  return cases;
}

async function caseOf(group: Group, name: string): Promise<Case> {
  const [, id, word] = NAME.exec(name) ?? [];
  const effect = EFFECTS.find((each) => each === word);
  if (!id || !effect) throw new Error(`${group}/${name}: expected <ID>-<${EFFECTS.join('|')}>-<words>.ts`);
  const { attack } = (await import(pathToFileURL(join(root, group, name)).href)) as { attack?: Attack };
  if (!attack) throw new Error(`${group}/${name}: expected an export named attack`);
  return { id, effect, group, attack };
}
