import { RegistryError } from './errors.ts';
import { hasErrors, type Problem, sortProblems } from './problem.ts';
import type { Project } from './project.ts';
import { DEFAULT_MANIFEST, type Rule } from './rules/manifest.ts';
import { outlineOf } from './scripts/outline.ts';
import { nameOf, scriptNames } from './scripts/ref.ts';
import type { WorkflowSource } from './workflow/source.ts';
import { toJson } from './yaml/node.ts';

/** One workflow as `GET /workflows` shows it. A broken one is listed too, with what could be read of it. */
export interface WorkflowListing {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  readonly input: Readonly<Record<string, string>> | null;
  readonly execution: 'sequential' | 'parallel';
  readonly file: string;
  readonly activityCount: number;
  readonly valid: boolean;
  readonly problems: readonly Problem[];
}

/** One workflow with its tree. */
export interface WorkflowDefinition extends WorkflowListing {
  readonly rootChildren: readonly string[];
  /** As they stand in the file. */
  readonly activities: readonly unknown[];
}

/** A script that workflows may use. */
export interface ScriptListing {
  /** As YAML names it. */
  readonly script: string;
  readonly kind: 'built-in' | 'project';
  readonly description: string | null;
  /** Ids of workflows. */
  readonly usedBy: readonly string[];
}

/** A validation rule. */
export interface RuleListing extends Rule {
  readonly description: string | null;
}

/** All workflows of a snapshot by id. Problems are those of the file; scripts are not built for a list. */
export function listWorkflows(project: Project): readonly WorkflowListing[] {
  return [...project.workflows.values()].map(listing);
}

/** One workflow of a snapshot, also a broken one. Throws `WORKFLOW_NOT_FOUND`. */
export function showWorkflow(project: Project, id: string): WorkflowDefinition {
  const workflow = project.workflows.get(id);
  if (workflow === undefined) {
    const found = `workflow ${JSON.stringify(id)}: found no file workflows/${id}.yaml`;
    throw new RegistryError('WORKFLOW_NOT_FOUND', `${found}, expected a workflow of the project`);
  }
  const { rootChildren, activities } = workflow;
  return {
    ...listing(workflow),
    rootChildren: rootChildren.map(({ text }) => text),
    activities: activities.map(({ map }) => toJson(map)),
  };
}

/** Built-ins and the project's own scripts by name; files below `activities/` without `main` are none. */
export function listScripts(project: Project): readonly ScriptListing[] {
  const users = usersOf(project);
  const builtIns = scriptNames(project.builtIns)
    .filter((name) => /^[\w-]+\/[\w-]+$/.test(name))
    .map(
      (name) =>
        ({ script: nameOf({ kind: 'built-in', name }), text: project.builtIns.get(name), kind: 'built-in' }) as const,
    );
  const own = [...project.files]
    .filter(([path]) => /^activities\/.+\.ts$/.test(path) && !path.endsWith('.d.ts'))
    .map(([path, text]) => ({ script: `./${path}`, text, kind: 'project' }) as const);
  return [...builtIns, ...own].flatMap(({ script, text = '', kind }) => {
    const { hasMain, description } = outlineOf(text);
    return hasMain ? [{ script, kind, description, usedBy: [...(users.get(script) ?? [])].sort() }] : [];
  });
}

/** Rules of the project's manifest that can be read, and the problems of the others. */
export async function listRules(
  project: Project,
): Promise<{ readonly rules: readonly RuleListing[]; readonly problems: readonly Problem[] }> {
  if (!project.files.has(DEFAULT_MANIFEST)) return { rules: [], problems: [] };
  const { rules, report } = await project.manifest(DEFAULT_MANIFEST);
  return {
    rules: rules.map(({ rule, path }) => ({
      ...rule,
      description: outlineOf(project.files.get(path) ?? '').description,
    })),
    problems: sortProblems(report.problems),
  };
}

function listing(source: WorkflowSource): WorkflowListing {
  const { id, name, description, input, execution, file, activities, report } = source;
  const problems = sortProblems(report.problems);
  const valid = !hasErrors(problems);
  return { id, name, description, input, execution, file, activityCount: activities.length, valid, problems };
}

function usersOf({ workflows }: Project): Map<string, Set<string>> {
  const users = new Map<string, Set<string>>();
  for (const { id, activities } of workflows.values()) {
    for (const { ref } of activities) {
      if (ref === null) continue;
      const name = ref.kind === 'project' ? `./${ref.path}` : nameOf(ref);
      users.set(name, (users.get(name) ?? new Set()).add(id));
    }
  }
  return users;
}
