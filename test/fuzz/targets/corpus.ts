/** Scripts to mutate: those of the catalogue, attacks in words of their own included. */
import { readdir, readFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { Script } from 'node:vm';

const CATALOGUE = join(import.meta.dirname, '../../hostile');

/**
 * Every script that stands in the catalogue, as plain JavaScript in which `cloister` is an object instead of a module. Read from
 * the files' text: half of them stand within other code.
 */
export async function readCorpus(): Promise<readonly string[]> {
  const entries = await readdir(CATALOGUE, { recursive: true, withFileTypes: true });
  const files = entries
    .filter(({ name }) => /^[A-Z]{3}-\d\d.*\.ts$/.test(name))
    .map((each) => join(each.parentPath, each.name));
  const texts = await Promise.all(files.sort().map((file) => readFile(file, 'utf8')));
  return [...new Set(texts.flatMap(textsOf).flatMap((text) => toPlain(text) ?? [])), ...OWN];
}

/** Comments, and the texts of a TypeScript file. */
const TEXT = /'((?:[^'\\\n]|\\.)*)'|"(?:[^"\\\n]|\\.)*"|`((?:[^`\\]|\\.)*)`|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;

/** What may be a script among the texts of a file, as it is at run time, as far as that is simple. */
function textsOf(source: string): string[] {
  return [...source.matchAll(TEXT)].flatMap(([, quoted, template]) => {
    const text = quoted ?? template?.replace(/\$\{[^{}]*\}/g, '(1)') ?? '';
    return /\bmain\b/.test(text) ? [text.replace(/\\([`\\$'])/g, '$1')] : [];
  });
}

/** Where the catalogue has nothing yet, and so that a script does what scripts are for. */
const OWN = [
  `async function main(t) {
  const { fhir, http, log, db } = cloister;
  const patient = await fhir.read('Patient', t.patient.own);
  const other = await fhir.read('Patient', t.patient.foreign).catch((error) => error);
  const answer = await http.fetch(t.allowed + '/echo', { method: 'POST', body: JSON.stringify(patient), secret: t.alias });
  const { data, error } = await db.from('notes').select('*').eq('id', t.row.foreign);
  log.info('done', { data, error, status: answer.status });
  return [patient, other, other.stack, data, error, answer];
}`,
  `async function main(t) {
  const made = [];
  for (let i = 0; i < 20; i++) made.push(new Array(1000).fill({ [i]: 'x'.repeat(100) }));
  const seen = new Map(Object.entries({ a: 1, b: [2], c: { d: 3 } }));
  await new Promise((resolve) => setTimeout(resolve, 5));
  const found = await Promise.allSettled([1, 2, 3].map(async (n) => cloister.fhir.search('Patient', { _count: n })));
  return { found, size: made.length, keys: [...seen.keys()], url: String(new URL('/x', t.allowed)) };
}`,
] as const;

/** A script without types, imports and exports; null when what remains is no script. */
export function toPlain(source: string): string | null {
  try {
    const plain = stripTypeScriptTypes(source)
      .replace(/^\s*import\s*\{([^}]*)\}\s*from\s*['"]cloister['"];?/gm, (_, names: string) => bound(names))
      .replace(/^\s*import\s*\*\s*as\s+(\w+)\s+from\s*['"]cloister['"];?/gm, 'const $1 = cloister;')
      .replace(/^(\s*)export\s+(default\s+)?(?=async|function|const|let|class)/gm, '$1')
      .trim();
    return isScript(plain) && /\bmain\b/.test(plain) ? plain : null;
  } catch {
    return null;
  }
}

/** Whether V8 can read it as the body of a function. */
export function isScript(source: string): boolean {
  try {
    new Script(`(function () { "use strict"; ${source}\n})`);
    return true;
  } catch {
    return false;
  }
}

const bound = (names: string): string => `const {${names.replace(/\bas\b/g, ':')}} = cloister;`;
