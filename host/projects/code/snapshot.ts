/** A project's code as its tables hold it at one moment: read, compiled and checked. */
import {
  type ActivityTable,
  activityNames,
  activityTable,
  type BuiltComponent,
  type ChosenComponent,
  type CompiledCodes,
  chooseComponents,
  exportProblems,
  faultProblem,
  guessTypes,
  isLoaded,
  namesOf,
  type ProjectProblem,
  type ProjectRow,
  type ProjectStore,
  type ProjectWorkflowRow,
  plain,
  readCompiled,
  readReferences,
  type TypeTable,
  typeTable,
} from '../../../registry/index.ts';
import type { CodeOwner, Compilation, CompiledCode, Compiler, GuestPackages } from './compiler.ts';

/** A workflow whose code can run. */
export interface RunnableWorkflow {
  readonly id: string;
  readonly name: string;
  readonly kebabName: string | null;
  readonly row: ProjectWorkflowRow;
  readonly codes: CompiledCodes;
  readonly code: CompiledCode;
  readonly functions: readonly string[];
  readonly unclear: readonly string[];
  /** Its own activities; null when it has none, or they do not compile. */
  readonly own: { readonly digest: string; readonly exports: readonly string[] } | null;
  /** Activities that it would have of its own if they compiled. */
  readonly brokenOwn: ReadonlyMap<string, ProjectProblem>;
}

/** A workflow that cannot run, with the types it would have had as far as can be told. */
export interface BrokenWorkflow {
  readonly problem: ProjectProblem;
  readonly types: ReadonlySet<string>;
}

/** What a project's tables hold. */
export interface Snapshot {
  readonly workflows: readonly RunnableWorkflow[];
  readonly broken: readonly BrokenWorkflow[];
  readonly types: TypeTable<RunnableWorkflow>;
  readonly components: readonly BuiltComponent[];
  readonly activities: ActivityTable;
  /** Activities that broken components would offer. */
  readonly brokenActivities: ReadonlyMap<string, ProjectProblem>;
  readonly warnings: readonly ProjectProblem[];
  /** What is refused. */
  readonly errors: readonly ProjectProblem[];
}

/** What taking a snapshot needs. */
export interface SnapshotParts {
  readonly store: ProjectStore;
  readonly compiler: Compiler;
  readonly packages: GuestPackages;
  readonly codeMaxBytes: number;
}

/** Names of the entries as stacks show them. */
const WORKFLOW = 'workflow.ts';
const ACTIVITIES = 'activities.ts';

/** Takes a snapshot. Rejects when the database or the build fails, never for what the project holds. */
export async function takeSnapshot(parts: SnapshotParts, project: ProjectRow, owner: CodeOwner): Promise<Snapshot> {
  const rows = await parts.store.listProjectWorkflows(project.id);
  const active = rows.filter(isLoaded);
  const [workflows, offered] = await Promise.all([
    Promise.all(active.map((row) => readWorkflow(parts, row, owner))),
    readComponents(parts, project, rows, owner),
  ]);
  const runnable = workflows.flatMap(({ workflow }) => workflow ?? []);
  const types = typeTable(project.id, runnable);
  const activities = activityTable(project.id, offered.built);
  return {
    workflows: runnable,
    broken: workflows.flatMap(({ broken }) => broken ?? []),
    types,
    components: offered.built,
    activities,
    brokenActivities: offered.broken,
    warnings: offered.warnings,
    errors: [
      ...workflows.flatMap(({ problems }) => problems),
      ...types.problems,
      ...offered.errors,
      ...activities.refused.values(),
    ],
  };
}

interface ReadWorkflow {
  readonly workflow: RunnableWorkflow | null;
  readonly broken: BrokenWorkflow | null;
  readonly problems: readonly ProjectProblem[];
}

async function readWorkflow(parts: SnapshotParts, row: ProjectWorkflowRow, owner: CodeOwner): Promise<ReadWorkflow> {
  const compiled = readCompiled(row, parts.codeMaxBytes);
  if (!compiled.ok) return brokenBy(row, [compiled.problem], row.compiledTypescript ?? '');
  const { codes } = compiled;
  const text = codes.workflowCode;
  const code = await parts.compiler.compile(moduleOf('workflow', WORKFLOW, text), owner);
  const problems = workflowFaults(parts, row, text, code);
  if (!code.ok || problems.length > 0) return brokenBy(row, problems, text);
  const { id, name, kebabName } = row;
  const { functions, unclear } = code;
  const exported = exportProblems({ id, name, kebabName, functions, unclear });
  const unusable = exported.filter((problem) => problem.code === 'NO_WORKFLOW_EXPORT');
  if (unusable.length > 0) return brokenBy(row, unusable, '');
  const own = await readOwn(parts, row, codes.activitiesCode, owner);
  const workflow = { id, name, kebabName, row, codes, code, functions, unclear, own: own.built, brokenOwn: own.broken };
  return { workflow, broken: null, problems: [...exported, ...own.problems] };
}

function moduleOf(kind: 'workflow' | 'activity', entry: string, text: string) {
  return { kind, entry, files: new Map([[entry, text]]) } as const;
}

function brokenBy(row: ProjectWorkflowRow, problems: readonly ProjectProblem[], text: string): ReadWorkflow {
  const [problem] = problems;
  if (problem === undefined) throw new Error('a broken workflow has a problem');
  const named = [row.name, row.kebabName].filter((name) => name !== null);
  return { workflow: null, broken: { problem, types: new Set([...named, ...guessTypes(text)]) }, problems };
}

const listed = (names: readonly string[]): string =>
  names.length > 1 ? `${names.slice(0, -1).join(', ')} or ${names.at(-1)}` : (names[0] ?? '');

function workflowFaults(
  { packages, codeMaxBytes }: SnapshotParts,
  { id, name }: ProjectWorkflowRow,
  text: string,
  code: Compilation,
): readonly ProjectProblem[] {
  const label = `${plain(name)} workflow_code`;
  if (code.ok) {
    // As text in a plan, which is JSON.
    const bytes = Buffer.byteLength(JSON.stringify(code.bundle.code));
    if (bytes <= codeMaxBytes) return [];
    const found = `${bytes} bytes once it is compiled`;
    return [{ code: 'CODE_TOO_LARGE', where: label, found, expected: `at most ${codeMaxBytes}`, workflowId: id }];
  }
  const imports = listed(['@temporalio/workflow', '@temporalio/common', ...packages.names]);
  return code.faults.map((fault) =>
    faultProblem(fault, {
      label,
      entry: WORKFLOW,
      text,
      language: 'TypeScript',
      syntax: 'WORKFLOW_SYNTAX',
      imports,
      of: { workflowId: id },
    }),
  );
}

/** What activity code may import, for the sentence that refuses the rest. */
const activityImports = ({ names }: GuestPackages): string => listed(['cloister', '@temporalio/activity', ...names]);

/** The activities that a workflow brings along. Where they do not compile the workflow runs without them. */
async function readOwn(
  parts: SnapshotParts,
  { id, name }: ProjectWorkflowRow,
  text: string,
  owner: CodeOwner,
): Promise<{
  readonly built: RunnableWorkflow['own'];
  readonly broken: ReadonlyMap<string, ProjectProblem>;
  readonly problems: readonly ProjectProblem[];
}> {
  if (text.trim() === '') return { built: null, broken: new Map(), problems: [] };
  const code = await parts.compiler.compile(moduleOf('activity', ACTIVITIES, text), owner);
  if (code.ok) {
    return { built: { digest: code.bundle.digest, exports: activityNames(code) }, broken: new Map(), problems: [] };
  }
  const problems = code.faults.map((fault) =>
    faultProblem(fault, {
      label: `${plain(name)} activities_code`,
      entry: ACTIVITIES,
      text,
      language: 'TypeScript',
      syntax: 'ACTIVITY_SYNTAX',
      imports: activityImports(parts.packages),
      of: { workflowId: id },
    }),
  );
  return { built: null, broken: promised(text, problems), problems };
}

/** Activities that a code which cannot run would have had, with what is wrong with it. */
function promised(text: string, [problem]: readonly ProjectProblem[]): ReadonlyMap<string, ProjectProblem> {
  return new Map(problem === undefined ? [] : guessTypes(text).map((name) => [name, problem]));
}

interface Offered {
  readonly built: readonly BuiltComponent[];
  /** Activities that others would offer if they were not broken. */
  readonly broken: ReadonlyMap<string, ProjectProblem>;
  readonly warnings: readonly ProjectProblem[];
  readonly errors: readonly ProjectProblem[];
}

async function readComponents(
  parts: SnapshotParts,
  project: ProjectRow,
  rows: readonly ProjectWorkflowRow[],
  owner: CodeOwner,
): Promise<Offered> {
  const read = rows.map((row) => ({ row, ...readReferences(row) }));
  const shape = read.flatMap(({ row, problems }) => (isLoaded(row) ? problems : []));
  const references = read.flatMap(({ references: each }) => each);
  if (references.length === 0) return { built: [], broken: new Map(), warnings: shape, errors: [] };
  const named = await parts.store.listComponents([...new Set(references.map(({ component }) => component))]);
  const names = namesOf(project.id, named);
  const versions = names.length === 0 ? [] : await parts.store.listComponentsByName(project.id, names);
  const { chosen, warnings, errors } = chooseComponents(project.id, references, { named, versions });
  const built = await Promise.all(chosen.map((component) => buildComponent(parts, component, owner)));
  return {
    built: built.flatMap(({ component }) => component ?? []),
    broken: brokenNames(chosen.map((component, n) => ({ component, problems: built[n]?.problems ?? [] }))),
    warnings: [...shape, ...warnings],
    errors: [...errors, ...built.flatMap(({ problems }) => problems)],
  };
}

/** Of several that promise one name the problem of the first by name is told, by version where that is the same, and then by id. */
function brokenNames(
  read: readonly { readonly component: ChosenComponent; readonly problems: readonly ProjectProblem[] }[],
): ReadonlyMap<string, ProjectProblem> {
  const keyOf = ({ name, version, id }: ChosenComponent) => [name, version ?? '', id];
  const sorted = read.toSorted((one, other) => inOrder(keyOf(one.component), keyOf(other.component)));
  // The last one of a name is what a map keeps.
  return new Map(sorted.toReversed().flatMap(({ component, problems }) => [...promised(component.code, problems)]));
}

function inOrder(one: readonly string[], other: readonly string[]): number {
  const at = one.findIndex((text, n) => text !== other[n]);
  return at < 0 ? 0 : (one[at] ?? '') < (other[at] ?? '') ? -1 : 1;
}

async function buildComponent(
  parts: SnapshotParts,
  component: ChosenComponent,
  owner: CodeOwner,
): Promise<{ readonly component: BuiltComponent | null; readonly problems: readonly ProjectProblem[] }> {
  const { id, name, code: text, language } = component;
  const label = `${plain(name)} implementation_code`;
  const refuse = (code: string, found: string, expected: string) => ({
    component: null,
    problems: [{ code, where: label, found, expected, componentId: id }],
  });
  const bytes = Buffer.byteLength(text);
  if (bytes > parts.codeMaxBytes) return refuse('CODE_TOO_LARGE', `${bytes} bytes`, `at most ${parts.codeMaxBytes}`);
  const entry = language === 'JavaScript' ? 'activity.js' : 'activity.ts';
  const made = await parts.compiler.compile(moduleOf('activity', entry, text), owner);
  if (!made.ok) {
    const imports = activityImports(parts.packages);
    const source = {
      label,
      entry,
      text,
      language,
      syntax: 'ACTIVITY_SYNTAX',
      imports,
      of: { componentId: id },
    } as const;
    return { component: null, problems: made.faults.map((fault) => faultProblem(fault, source)) };
  }
  const exports = activityNames(made);
  if (exports.length > 0) return { component: { ...component, digest: made.bundle.digest, exports }, problems: [] };
  const found = made.exports.includes('default') ? 'a default export alone' : 'no exported function';
  return refuse('NO_NAMED_EXPORT', found, 'at least one function that is exported by name');
}
