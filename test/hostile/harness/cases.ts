import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Attack, type Case, EFFECTS, type Effect } from './attack.ts';

/** Groups of the catalogue, each a folder. */
export const GROUPS = ['sandbox', 'bridge', 'compile', 'resources', 'yaml', 'http', 'fhir', 'db'] as const;
export type Group = (typeof GROUPS)[number];

const root = join(import.meta.dirname, '..');
const NAME = /^([A-Z]{3}-\d{2}[a-z]?)-([a-z]+)-[a-z0-9-]+\.ts$/;

interface Named {
  readonly name: string;
  readonly id: string;
  readonly effect: Effect;
}

/**
 * The attacks of a group, by id; only those that are wanted are loaded. @throws when a file's name does not say what it is, or
 * an id stands twice.
 */
export async function casesOf(group: Group, isWanted: (id: string) => boolean = () => true): Promise<readonly Case[]> {
  const names = (await readdir(join(root, group))).filter((name) => name.endsWith('.ts')).sort();
  const all = names.map((name) => named(group, name));
  const twice = all.find(({ id }, i) => all.findIndex((other) => other.id === id) !== i);
  if (twice) throw new Error(`${group}: ${twice.id} stands twice`);
  return Promise.all(all.filter(({ id }) => isWanted(id)).map((each) => load(group, each)));
}

function named(group: Group, name: string): Named {
  const [, id, word] = NAME.exec(name) ?? [];
  const effect = EFFECTS.find((each) => each === word);
  if (!id || !effect) throw new Error(`${group}/${name}: expected <ID>-<${EFFECTS.join('|')}>-<words>.ts`);
  return { name, id, effect };
}

async function load(group: Group, { name, id, effect }: Named): Promise<Case> {
  const { attack } = (await import(pathToFileURL(join(root, group, name)).href)) as { attack?: Attack };
  if (!attack) throw new Error(`${group}/${name}: expected an export named attack`);
  return { id, effect, group, attack };
}
