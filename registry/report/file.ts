import { parseAside } from '../yaml/aside.ts';
import type { YamlDocument } from '../yaml/document.ts';
import { Fields } from './fields.ts';
import type { Report } from './report.ts';
import { described } from './words.ts';

/** What an empty file means: a mistake, or no fields at all. */
export type Emptiness = 'wrong' | 'allowed';

/** Parses a YAML file whose document is a map; reports what is wrong and gives undefined when it is not one. */
export async function readFields(
  text: string,
  where: string,
  report: Report,
  empty?: Emptiness,
): Promise<Fields | undefined> {
  const { budget } = report;
  const document = await parseAside(text, budget.tokens);
  budget.tokens -= document.tokens;
  return fieldsOf(document, where, report, empty);
}

/** The same for a file that is parsed already. */
export function fieldsOf(
  { root, faults }: YamlDocument,
  where: string,
  report: Report,
  empty: Emptiness = 'wrong',
): Fields | undefined {
  for (const { at, found } of faults) {
    report.add({ code: 'YAML_SYNTAX', at, where: 'document', found, expected: 'YAML 1.2' });
  }
  if (faults.length > 0 || (root === null && empty === 'allowed')) return undefined;
  if (root?.kind === 'map') return new Fields(root, where, report);
  const found = root === null ? 'an empty file' : described(root);
  report.add({ code: 'FIELD_TYPE', at: root?.at ?? { line: 1, column: 1 }, where, found, expected: 'a map of fields' });
  return undefined;
}
