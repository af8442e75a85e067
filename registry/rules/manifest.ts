import { posix } from 'node:path';
import type { Budget } from '../report/budget.ts';
import { Fields } from '../report/fields.ts';
import { readFields } from '../report/file.ts';
import { Report } from '../report/report.ts';
import { described, quoted, shown } from '../report/words.ts';
import { textOf, type YamlNode } from '../yaml/node.ts';

/** Where the rules of a project normally stand. */
export const DEFAULT_MANIFEST = 'validation-rules/manifest.yaml';

const LEVELS = ['patient', 'encounter', 'procedure', 'claim'];
const SEVERITIES = ['error', 'warning', 'information'];
const REQUIRED = ['id', 'name', 'category', 'level', 'severity', 'message', 'script'] as const;
const OPTIONAL = ['dashboard', 'worklist'] as const;
const MOST_RULES = 2_000;

/** One rule of a manifest. */
export interface Rule {
  readonly id: string;
  readonly name: string;
  readonly category: string;
  readonly level: string;
  readonly severity: string;
  readonly message: string;
  /** As written, relative to the manifest's folder. */
  readonly script: string;
  readonly dashboard?: string;
  readonly worklist?: string;
}

/** A rule with its script's path in the project. */
export interface RuleSource {
  readonly rule: Rule;
  readonly path: string;
}

/** A manifest as read: rules without problems, and the problems of the others. */
export interface Manifest {
  readonly rules: readonly RuleSource[];
  readonly report: Report;
}

/** Reads a manifest of rules; every problem is in `report`. */
export async function readManifest(
  file: string,
  files: ReadonlyMap<string, string>,
  budget?: Budget,
): Promise<Manifest> {
  const report = new Report(file, budget);
  const fields = await readFields(files.get(file) ?? '', 'rules', report);
  if (fields === undefined) return { rules: [], report };
  fields.known(['rules']);
  if (fields.get('rules') === undefined) fields.missing('rules', 'a list of rules', 'RULE_FIELD');
  const items = fields.list('rules', 'a list of rules')?.items ?? [];
  if (items.length > MOST_RULES) {
    const found = `${items.length} rules`;
    report.add({ code: 'RULE_FIELD', at: fields.map.at, where: 'rules', found, expected: `at most ${MOST_RULES}` });
    return { rules: [], report };
  }
  const seen = new Map<string, number>();
  return { rules: items.flatMap((item, index) => readRule(item, index, { report, seen, files }) ?? []), report };
}

interface Reading {
  readonly report: Report;
  /** Rule id → line. */
  readonly seen: Map<string, number>;
  readonly files: ReadonlyMap<string, string>;
}

function readRule(node: YamlNode, index: number, reading: Reading): RuleSource | undefined {
  const { report, files } = reading;
  if (node.kind !== 'map') {
    const where = `rule [${index}]`;
    report.add({ code: 'RULE_FIELD', at: node.at, where, found: described(node), expected: 'a map of fields' });
    return undefined;
  }
  const before = report.problems.length;
  const fields = new Fields(node, `rule ${ruleName(node, index)}`, report);
  fields.known([...REQUIRED, ...OPTIONAL]);
  const texts = new Map([...REQUIRED, ...OPTIONAL].map((name) => [name, readText(fields, name)]));
  checkWord(fields, 'level', LEVELS);
  checkWord(fields, 'severity', SEVERITIES);
  checkRepeated(fields, reading);
  const path = readPath(fields, texts.get('script'), files);
  const broken = report.problems.slice(before).some(({ severity }) => severity === 'error');
  if (broken || path === undefined) return undefined;
  const given = [...texts].filter(([, text]) => text !== undefined);
  return { rule: Object.fromEntries(given) as unknown as Rule, path };
}

function ruleName(node: YamlNode & { readonly kind: 'map' }, index: number): string {
  const id = textOf(node.entries.find(({ key }) => key === 'id')?.value);
  return id === undefined ? `[${index}]` : quoted(id);
}

function readText(fields: Fields, name: (typeof REQUIRED | typeof OPTIONAL)[number]): string | undefined {
  const node = fields.get(name);
  const isRequired = REQUIRED.some((required) => required === name);
  if (node === undefined) {
    if (isRequired) fields.missing(name, 'a string', 'RULE_FIELD');
    return undefined;
  }
  const text = textOf(node);
  if (text === undefined)
    fields.problem(name, node, { code: 'RULE_FIELD', found: described(node), expected: 'a string' });
  return text;
}

function checkWord(fields: Fields, name: string, words: readonly string[]): void {
  const node = fields.get(name);
  const text = textOf(node);
  if (node === undefined || text === undefined || words.includes(text)) return;
  const expected = `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
  fields.problem(name, node, { code: 'RULE_FIELD', found: shown(node), expected });
}

function checkRepeated(fields: Fields, { seen }: Reading): void {
  const node = fields.get('id');
  const id = textOf(node);
  if (node === undefined || id === undefined) return;
  const line = seen.get(id);
  if (line === undefined) return void seen.set(id, node.at.line);
  const found = `${quoted(id)} again (first at line ${line})`;
  fields.problem('id', node, { code: 'RULE_FIELD', found, expected: 'ids unique in the manifest' });
}

function readPath(fields: Fields, script: string | undefined, files: ReadonlyMap<string, string>): string | undefined {
  const node = fields.get('script');
  if (script === undefined || node === undefined) return undefined;
  const path = posix.join(posix.dirname(fields.report.file), script);
  if (path.endsWith('.ts') && files.has(path)) return path;
  fields.problem('script', node, { code: 'RULE_SCRIPT', found: `no file ${path}`, expected: 'an existing .ts file' });
  return undefined;
}
