import { parseYaml } from '../yaml/document.ts';
import { Fields } from './fields.ts';
import type { Report } from './report.ts';
import { described } from './words.ts';

/** Parses a YAML file whose document is a map; reports what is wrong and gives undefined when it is not one. */
export function readFields(text: string, where: string, report: Report): Fields | undefined {
  const { root, faults } = parseYaml(text);
  for (const { at, found } of faults) {
    report.add({ code: 'YAML_SYNTAX', at, where: 'document', found, expected: 'YAML 1.2' });
  }
  if (faults.length > 0) return undefined;
  if (root?.kind === 'map') return new Fields(root, where, report);
  const found = root === null ? 'an empty file' : described(root);
  report.add({ code: 'FIELD_TYPE', at: root?.at ?? { line: 1, column: 1 }, where, found, expected: 'a map of fields' });
  return undefined;
}
