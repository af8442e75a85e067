import type { ComponentRow } from '../store/project.ts';
import type { ComponentReference } from './definition.ts';
import type { ProjectProblem } from './problem.ts';
import { plain, quoted } from './words.ts';

/** A component whose code a project may call. */
export interface ChosenComponent {
  readonly id: string;
  readonly name: string;
  readonly code: string;
  readonly language: 'TypeScript' | 'JavaScript';
  readonly version: string | null;
  /** Versions of one component share it: whose they are, and their name. */
  readonly group: string;
  /** An active workflow names the component or another version of it. */
  readonly isActive: boolean;
}

/** Components that a project may call, in the order of their ids, and what is wrong with the others. */
export interface ChosenComponents {
  readonly chosen: readonly ChosenComponent[];
  readonly warnings: readonly ProjectProblem[];
  readonly errors: readonly ProjectProblem[];
}

/** Names of the components that are named by references, whose further versions may be called too. */
export function namesOf(project: string, rows: readonly ComponentRow[]): readonly string[] {
  return [...new Set(rows.filter((row) => isCallable(project, row)).map(({ name }) => name))].sort();
}

/**
 * Chooses the components of a project: `named` are the rows that its workflows refer to, `versions` all rows of the names of
 * those. COMPONENT_MISSING, COMPONENT_INACTIVE (warnings, of active workflows only), COMPONENT_FOREIGN, LANGUAGE_UNKNOWN.
 */
export function chooseComponents(
  project: string,
  references: readonly ComponentReference[],
  rows: { readonly named: readonly ComponentRow[]; readonly versions: readonly ComponentRow[] },
): ChosenComponents {
  const byId = new Map(rows.named.map((row) => [row.id, row]));
  const warnings: ProjectProblem[] = [];
  const errors: ProjectProblem[] = [];
  /** Whether an active workflow refers to it. */
  const referred = new Map<ComponentRow, boolean>();
  for (const reference of references) {
    const row = byId.get(reference.component);
    const problem = referenceProblem(project, reference, row);
    if (row && problem === null) referred.set(row, reference.isActive || referred.get(row) === true);
    else if (problem?.code === 'COMPONENT_FOREIGN') errors.push(problem);
    else if (problem && reference.isActive) warnings.push(problem);
  }
  const groups = new Set([...referred.keys()].map(groupOf));
  /** Versions of each group that an active workflow refers to. */
  const active = new Map<string, (string | null)[]>();
  for (const [row, isActive] of referred) {
    if (isActive) active.set(groupOf(row), [...(active.get(groupOf(row)) ?? []), row.version]);
  }
  const isActive = (row: ComponentRow): boolean => {
    if (referred.get(row) === true) return true;
    const versions = active.get(groupOf(row));
    return versions !== undefined && row.version !== null && !versions.includes(row.version);
  };
  const wanted = new Map([...referred.keys()].map((row) => [row.id, row]));
  for (const row of rows.versions) {
    const isSibling = row.version !== null && groups.has(groupOf(row)) && !wanted.has(row.id);
    if (isSibling && isCallable(project, row)) wanted.set(row.id, row);
  }
  const chosen: ChosenComponent[] = [];
  for (const row of [...wanted.values()].sort((a, b) => (a.id < b.id ? -1 : 1))) {
    const language = languageProblem(row);
    if (language) errors.push(language);
    else chosen.push(toChosen(row, isActive(row)));
  }
  return { chosen, warnings: once(warnings), errors: once(errors) };
}

function toChosen(row: ComponentRow, isActive: boolean): ChosenComponent {
  const { id, name, version } = row;
  const language = row.language?.trim().toLowerCase() === 'javascript' ? 'JavaScript' : 'TypeScript';
  return { id, name, code: row.code ?? '', language, version, group: groupOf(row), isActive };
}

const groupOf = ({ projectId, name }: ComponentRow): string => `${projectId ?? ''} ${name}`;

function isCallable(project: string, { projectId, isActive, code }: ComponentRow): boolean {
  return (projectId === null || projectId === project) && isActive && !isBlank(code);
}

const isBlank = (code: string | null): boolean => code === null || code.trim() === '';

function referenceProblem(
  project: string,
  { component, workflow, node }: ComponentReference,
  row: ComponentRow | undefined,
): ProjectProblem | null {
  const at = { where: `definition.nodes[${node}] of ${plain(workflow.name)}`, workflowId: workflow.id };
  const refuse = (code: string, found: string): ProjectProblem => {
    const expected = 'an active one of this project';
    return { code, ...at, found: `component ${component} ${found}`, expected, componentId: component };
  };
  if (row === undefined) return refuse('COMPONENT_MISSING', 'that does not exist');
  if (row.projectId !== null && row.projectId !== project) {
    return refuse('COMPONENT_FOREIGN', 'that belongs to another project');
  }
  if (isBlank(row.code)) return refuse('COMPONENT_MISSING', 'that has no code');
  return row.isActive ? null : refuse('COMPONENT_INACTIVE', 'that is inactive');
}

const LANGUAGES: ReadonlySet<string> = new Set(['typescript', 'javascript']);

function languageProblem({ id, name, language }: ComponentRow): ProjectProblem | null {
  if (language === null || LANGUAGES.has(language.trim().toLowerCase())) return null;
  return {
    code: 'LANGUAGE_UNKNOWN',
    where: `components.implementation_language of ${plain(name)}`,
    found: quoted(language),
    expected: 'typescript or javascript',
    componentId: id,
  };
}

/** A component that several nodes name is told once. */
function once(problems: readonly ProjectProblem[]): readonly ProjectProblem[] {
  const seen = new Set<string>();
  return problems.filter(({ code, workflowId = '', componentId = '' }) => {
    const key = `${code} ${workflowId} ${componentId}`;
    return !seen.has(key) && seen.add(key);
  });
}
