import { posix } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { DECLARATION_FIELDS, readDeclaration } from '../declaration.ts';
import type { Fields, Placed } from '../report/fields.ts';
import { readFields } from '../report/file.ts';
import { Report } from '../report/report.ts';
import { quoted, shown } from '../report/words.ts';
import { textOf } from '../yaml/node.ts';
import { type ActivityOutline, outline, readActivity } from './activity.ts';
import { readId } from './id.ts';
import type { ProjectScope } from './scope.ts';
import { MAX_ACTIVITIES, type WorkflowSource } from './source.ts';
import { buildTree } from './tree.ts';

const WORKFLOW_FIELDS = [
  'id',
  'name',
  'description',
  'input',
  'rootChildren',
  'activities',
  'execution',
  ...DECLARATION_FIELDS,
];

/** The workflow id that a file name stands for. */
export function idOfFile(file: string): string {
  return posix.basename(file, '.yaml');
}

/**
 * Reads one workflow file; its `report` holds every problem of the file except cycles of child workflows. Lets others have
 * the thread when it is done.
 */
export async function readWorkflow(file: string, text: string, scope: ProjectScope): Promise<WorkflowSource> {
  const report = new Report(file, scope.budget);
  const id = idOfFile(file);
  const fields = await readFields(text, 'workflow', report);
  const workflow = fields === undefined ? nothing(file, report, scope) : readTop(id, fields, scope);
  await setImmediate();
  return workflow;
}

function nothing(file: string, report: Report, scope: ProjectScope): WorkflowSource {
  const id = idOfFile(file);
  const empty = { rootChildren: [], activities: [], walk: [] };
  const { declaration } = scope;
  return { file, id, name: id, description: null, input: null, execution: 'sequential', ...empty, declaration, report };
}

function readTop(id: string, fields: Fields, scope: ProjectScope): WorkflowSource {
  const { report } = fields;
  fields.known(WORKFLOW_FIELDS);
  checkId(id, fields);
  const name = required(fields, 'name', 'a string');
  const input = readInput(fields);
  const rootChildren = readRoots(fields);
  const outlines = readOutlines(fields);
  const unique = checkUnique(outlines, report);
  const tree = buildTree(unique, rootChildren, report);
  const ids = new Set(unique.map((entry) => entry.id));
  const names = { tree, ids, input: input && Object.keys(input), report };
  return {
    file: report.file,
    id,
    name: name ?? id,
    description: fields.string('description') ?? null,
    input,
    execution: readExecution(fields),
    rootChildren,
    activities: outlines.map((entry) => readActivity(entry, names, scope)),
    walk: tree.walk,
    declaration: readDeclaration(fields, scope.declaration),
    report,
  };
}

function checkId(expected: string, fields: Fields): void {
  const id = readId(fields, 'workflow');
  const node = fields.get('id');
  if (id === undefined || node === undefined || id === expected) return;
  const finding = { code: 'ID_MISMATCH', found: quoted(id), expected: `${quoted(expected)} as in the file name` };
  fields.problem('id', node, finding);
}

function required(fields: Fields, name: string, expected: string): string | undefined {
  if (fields.get(name) === undefined) fields.missing(name, expected);
  return fields.string(name, expected);
}

function readInput(fields: Fields): Record<string, string> | null {
  const input = fields.fields('input', 'a map of names to type words');
  if (input === undefined) return null;
  const entries = input.map.entries.map(({ key, value }) => {
    const word = textOf(value);
    if (word === undefined) fields.wrongType(`input.${key}`, value, 'a type word such as string');
    return [key, word ?? 'any'] as const;
  });
  return Object.fromEntries(entries);
}

function readRoots(fields: Fields): readonly Placed[] {
  const node = fields.get('rootChildren');
  if (node === undefined) fields.missing('rootChildren', 'a list of activity ids');
  if (node?.kind === 'list' && node.items.length === 0) {
    fields.wrongType('rootChildren', node, 'a non-empty list of activity ids');
  }
  return fields.strings('rootChildren', 'a list of activity ids') ?? [];
}

function readOutlines(fields: Fields): readonly ActivityOutline[] {
  const node = fields.get('activities');
  if (node === undefined) fields.missing('activities', 'a list of activities');
  const items = fields.list('activities', 'a list of activities')?.items ?? [];
  if (node?.kind === 'list' && items.length === 0)
    fields.wrongType('activities', node, 'a non-empty list of activities');
  if (node !== undefined && items.length > MAX_ACTIVITIES) {
    const found = `a list of ${items.length}`;
    fields.problem('activities', node, { code: 'FIELD_TYPE', found, expected: `at most ${MAX_ACTIVITIES} activities` });
    return [];
  }
  return items.flatMap((item, index) => outline(item, index, fields.report) ?? []);
}

function checkUnique(outlines: readonly ActivityOutline[], report: Report): readonly ActivityOutline[] {
  const first = new Map<string, ActivityOutline>();
  for (const entry of outlines) {
    const before = first.get(entry.id);
    if (before === undefined) {
      first.set(entry.id, entry);
      continue;
    }
    const found = `${quoted(entry.id)} again (first at line ${before.idAt.line})`;
    const expected = 'ids unique in the workflow';
    report.add({ code: 'ID_DUPLICATE', at: entry.idAt, where: 'activity id', found, expected });
  }
  return [...first.values()];
}

function readExecution(fields: Fields): WorkflowSource['execution'] {
  const node = fields.get('execution');
  if (node === undefined) return 'sequential';
  const word = textOf(node);
  if (word === 'sequential' || word === 'parallel') return word;
  fields.problem('execution', node, {
    code: 'EXECUTION_VALUE',
    found: shown(node),
    expected: '"sequential" or "parallel"',
  });
  return 'sequential';
}
