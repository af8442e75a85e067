/** Every problem of a plugin at once: its manifest, and each script built in the throwaway process that projects are built in. */
import type { Build, BuildFault } from '../build.ts';
import { type Problem, sortProblems } from '../problem.ts';
import { RULES_MODULE, rulesModule } from '../rules/module.ts';
import type { Built } from '../scripts/builder.ts';
import { scriptProblems } from '../scripts/exports.ts';
import { MANIFEST, type PluginFiles } from './content.ts';
import type { PluginManifest } from './manifest.ts';

/** What a plugin is built with. */
export interface PluginBuild {
  /** `fhir/search` → text of the built-in. */
  readonly builtIns: ReadonlyMap<string, string>;
  readonly build: Build;
}

const NO_RULES = new Map([[RULES_MODULE, rulesModule(null, null)]]);

/** Builds one script of a plugin out of its files and the built-ins; there are no packages. Rejects when the builder fails. */
export async function buildPluginScript(
  files: PluginFiles,
  entry: string,
  { builtIns, build }: PluginBuild,
): Promise<Built & { readonly wasEnded?: boolean }> {
  const result = await build({
    entry,
    files,
    builtIns,
    packages: new Set(),
    readPackage: () => Promise.resolve(null),
    virtual: NO_RULES,
  });
  if (result.ok) return result;
  return { ok: false, problems: result.problems.map(toProblem), wasEnded: result.wasEnded === true };
}

/** Problems of a plugin's dependencies and scripts, by file and position. Warnings stop nothing. */
export async function checkPlugin(
  files: PluginFiles,
  { scripts }: PluginManifest,
  building: PluginBuild,
): Promise<readonly Problem[]> {
  const problems: Problem[] = [...dependencyProblems(files)];
  for (const path of new Set(Object.values(scripts))) {
    const built = await buildPluginScript(files, path, building);
    problems.push(...scriptProblems(path, built));
    // Each more of this kind would take as long again, and one is enough to refuse the plugin.
    if (built.ok === false && built.wasEnded === true) break;
  }
  return sortProblems(problems);
}

function dependencyProblems(files: PluginFiles): readonly Problem[] {
  return [...files].flatMap(([file, text]) => {
    if (file === MANIFEST || !/(?:^|\/)package\.json$/.test(file) || !asksForPackages(text)) return [];
    const found = 'dependencies';
    const expected = 'none: a plugin holds all that its scripts import';
    return { file, line: 1, column: 1, severity: 'error', code: 'PLUGIN_DEPENDENCY', where: file, found, expected };
  });
}

function asksForPackages(text: string): boolean {
  try {
    const { dependencies } = JSON.parse(text) as { readonly dependencies?: unknown };
    return typeof dependencies === 'object' && dependencies !== null && Object.keys(dependencies).length > 0;
  } catch {
    return false;
  }
}

/** As for the scripts of a project, which may import more. */
function toProblem({ code, file, line, column, found, expected }: BuildFault): Problem {
  const hint = expected === '' ? '' : ` (${expected})`;
  const words =
    code === 'IMPORT_UNKNOWN' ? `files of the plugin, built-ins or "cloister"${hint}` : `TypeScript that builds${hint}`;
  return { file, line, column, severity: 'error', code, where: file, found, expected: words };
}
