import { isReservedType } from './pin.ts';
import type { ProjectProblem } from './problem.ts';
import { plain, quoted } from './words.ts';

/** A workflow whose code compiled. */
export interface TypedWorkflow {
  readonly id: string;
  readonly name: string;
  readonly kebabName: string | null;
  /** Exports that are functions, and those that only running the code would tell. */
  readonly functions: readonly string[];
  readonly unclear: readonly string[];
}

/** What the workflow types of a project stand for. */
export interface TypeTable<T> {
  readonly types: ReadonlyMap<string, { readonly workflow: T; readonly entry: string }>;
  /** Types that more than one workflow has: DUPLICATE_WORKFLOW_TYPE. */
  readonly refused: ReadonlyMap<string, ProjectProblem>;
  /** Those of them that are exported. Workflows of one name are nothing to complain of before it is used. */
  readonly problems: readonly ProjectProblem[];
}

/** Exported functions of a workflow: its types. What is not clear counts where nothing else is there. */
export function typesOf({ functions, unclear }: Pick<TypedWorkflow, 'functions' | 'unclear'>): readonly string[] {
  const clear = functions.filter((name) => !isReservedType(name));
  return clear.length > 0 ? clear : unclear.filter((name) => !isReservedType(name));
}

/** What is wrong with the exports of a workflow: NO_WORKFLOW_EXPORT when there is none to run, RESERVED_NAME. */
export function exportProblems(workflow: TypedWorkflow): readonly ProjectProblem[] {
  const at = { where: `${plain(workflow.name)} workflow_code`, workflowId: workflow.id };
  const reserved = workflow.functions
    .filter((name) => isReservedType(name) && name !== 'default')
    .map((name) => ({ code: 'RESERVED_NAME', ...at, found: `exported function ${quoted(name)}`, ...UNRESERVED }));
  if (typesOf(workflow).length > 0) return reserved;
  return [...reserved, { code: 'NO_WORKFLOW_EXPORT', ...at, ...(isDefault(workflow) ? ONLY_DEFAULT : NONE) }];
}

const UNRESERVED = { expected: 'a name that is not reserved' };
const NONE = { found: 'no exported function', expected: 'at least one' };
const ONLY_DEFAULT = { found: 'a default export alone', expected: 'at least one function that is exported by name' };

const isDefault = ({ functions, unclear }: TypedWorkflow): boolean => [...functions, ...unclear].includes('default');

/** Finds what each type of a project stands for. The name of a workflow is one too where it exports one function. */
export function typeTable<T extends TypedWorkflow>(project: string, workflows: readonly T[]): TypeTable<T> {
  const exported = claims(workflows, (workflow) => typesOf(workflow).map((type) => ({ type, entry: type })));
  const named = claims(workflows, (workflow) => namesOf(workflow).filter(({ type }) => !exported.has(type)));
  const further = claims(workflows, ({ unclear }) => {
    return unclear.map((type) => ({ type, entry: type })).filter(({ type }) => !exported.has(type) && !named.has(type));
  });
  const types = new Map<string, { workflow: T; entry: string }>();
  const refused = new Map<string, ProjectProblem>();
  for (const [type, [first, ...others]] of [...exported, ...named]) {
    if (first === undefined || isReservedType(type)) continue;
    if (others.length === 0) types.set(type, first);
    else
      refused.set(
        type,
        duplicate(
          project,
          type,
          [first, ...others].map(({ workflow }) => workflow.name),
        ),
      );
  }
  // What is not even surely a function is nothing to refuse.
  for (const [type, [only, ...others]] of further) {
    if (only !== undefined && others.length === 0 && !isReservedType(type)) types.set(type, only);
  }
  return { types, refused, problems: [...refused].flatMap(([type, problem]) => (exported.has(type) ? problem : [])) };
}

interface Claim {
  readonly type: string;
  readonly entry: string;
}

function claims<T>(workflows: readonly T[], of: (workflow: T) => readonly Claim[]) {
  const found = new Map<string, { workflow: T; entry: string }[]>();
  for (const workflow of workflows) {
    for (const { type, entry } of of(workflow)) {
      const claimed = found.get(type) ?? [];
      claimed.push({ workflow, entry });
      found.set(type, claimed);
    }
  }
  return found;
}

function namesOf(workflow: TypedWorkflow): readonly Claim[] {
  const [entry, ...others] = typesOf(workflow);
  if (entry === undefined || others.length > 0) return [];
  const names = new Set([workflow.kebabName, workflow.name]);
  return [...names].flatMap((type) => (type === null || type === '' ? [] : [{ type, entry }]));
}

function duplicate(project: string, type: string, names: readonly string[]): ProjectProblem {
  return {
    code: 'DUPLICATE_WORKFLOW_TYPE',
    where: `project ${project}`,
    found: `${plain(type)} exported by ${names.map(plain).join(' and ')}`,
    expected: 'one',
  };
}

// Every repetition is bounded: these are tried on texts of strangers.
const FUNCTION = /\bexport[ \t]{1,9}(?:async[ \t]{1,9})?function[ \t]{0,9}\*?[ \t]{0,9}([\w$]{1,200})/g;
const VARIABLE =
  /\bexport[ \t]{1,9}(?:const|let|var)[ \t]{1,9}([\w$]{1,200})[^=\n]{0,200}=[ \t]{0,9}(?:async\b|\(|function\b)/g;

/** Types that a code which does not compile would have had, by its words: to tell runs of it what is wrong. */
export function guessTypes(code: string): readonly string[] {
  return [FUNCTION, VARIABLE].flatMap((form) => [...code.matchAll(form)].flatMap(([, name]) => name ?? []));
}
