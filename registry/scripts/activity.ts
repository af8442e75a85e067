import type { Bundle } from '../build.ts';
import type { PlanActivity } from '../plan.ts';
import type { FoundPlugin } from '../plugins/find.ts';
import { formatProblem, hasErrors, type Problem } from '../problem.ts';
import type { Project } from '../project.ts';
import { chooseManifest, RULES_BUILT_IN, RULES_MODULE, rulesModule } from '../rules/module.ts';
import type { ActivitySource } from '../workflow/source.ts';
import type { Built } from './builder.ts';
import { scriptProblems } from './exports.ts';
import { nameOf, type PluginRef, type ScriptRef } from './ref.ts';

/** The script of one activity, built or not. */
export interface BuiltActivity {
  readonly bundle: Bundle | null;
  /** Why there is no bundle; null also for a child workflow. */
  readonly problem: PlanActivity['problem'];
  readonly problems: readonly Problem[];
}

const NO_SCRIPT: BuiltActivity = { bundle: null, problem: null, problems: [] };

/**
 * Builds the script of an activity together with the validation rules that go with it. `plugin`: the one that the activity
 * names; without it there is nothing to build, and nothing to report that was not reported when it was looked up.
 */
export async function buildActivity(
  project: Project,
  { ref, params }: ActivitySource,
  plugin?: FoundPlugin,
): Promise<BuiltActivity> {
  if (ref === null) return NO_SCRIPT;
  if (ref.kind === 'plugin') return plugin === undefined ? NO_SCRIPT : buildOfPlugin(ref, plugin);
  const manifestPath = chooseManifest(ref, params, project.files);
  const rules = await rulesProblems(project, ref, manifestPath);
  if (hasErrors(rules))
    return { bundle: null, problem: { code: 'BUILD_FAILED', message: textOf(rules) }, problems: rules };
  return toBuilt(ref, await buildScript(project, ref, manifestPath));
}

/** What a plugin's author was told at the upload is nothing that the project's can mend. */
async function buildOfPlugin(ref: PluginRef, plugin: FoundPlugin): Promise<BuiltActivity> {
  const made = toBuilt(ref, await plugin.build(ref.script));
  return { ...made, problems: made.problems.filter(({ severity }) => severity === 'error') };
}

function toBuilt(ref: ScriptRef | PluginRef, built: Built): BuiltActivity {
  const problems = scriptProblems(nameOf(ref), built);
  if (!built.ok) return { bundle: null, problem: { code: 'BUILD_FAILED', message: textOf(problems) }, problems };
  if (!hasErrors(problems)) return { bundle: built.bundle, problem: null, problems };
  return { bundle: null, problem: { code: 'MAIN_MISSING', message: textOf(problems) }, problems };
}

/** Builds a script; `manifestPath` is the manifest whose rules it may import, null for none. */
export async function buildScript(project: Project, ref: ScriptRef, manifestPath: string | null): Promise<Built> {
  const module = rulesModule(manifestPath, manifestPath === null ? null : await project.manifest(manifestPath));
  return project.builder.build(ref, new Map([[RULES_MODULE, module]]));
}

/** Problems of the rules that the built-in evaluates. A project's own script meets them only if it imports the rules. */
async function rulesProblems(
  project: Project,
  ref: ScriptRef,
  manifestPath: string | null,
): Promise<readonly Problem[]> {
  if (manifestPath === null || ref.kind === 'project' || ref.name !== RULES_BUILT_IN) return [];
  return (await project.manifest(manifestPath)).report.problems;
}

function textOf(problems: readonly Problem[]): string {
  return problems
    .filter(({ severity }) => severity === 'error')
    .map(formatProblem)
    .slice(0, 3)
    .join('\n');
}
