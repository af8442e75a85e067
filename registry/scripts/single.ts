import type { Bundle } from '../build.ts';
import { RegistryError } from '../errors.ts';
import { hasErrors, type Problem } from '../problem.ts';
import type { Project } from '../project.ts';
import { chooseManifest } from '../rules/module.ts';
import { buildScript } from './activity.ts';
import { scriptProblems } from './exports.ts';
import { nameOf, parseScript, type ScriptRef } from './ref.ts';

/** A single script, ready to run or not. `script` is its path or `@aidbox-billing/<category>/<name>`. */
export type CompiledScript = { readonly script: string; readonly problems: readonly Problem[] } & (
  | { readonly ok: true; readonly bundle: Bundle }
  | { readonly ok: false; readonly code: 'MAIN_MISSING' | 'BUILD_FAILED' }
);

/**
 * Builds one script by name: `./activities/x.ts` (with or without `./`), the path of a rule or mapping, or
 * `@aidbox-billing/<category>/<name>`. Throws SCRIPT_NOT_FOUND; rejects when the builder itself fails.
 */
export async function compileScript(project: Project, name: string): Promise<CompiledScript> {
  const ref = findScript(project, name);
  const rules = chooseManifest({ kind: 'project', path: '' }, { kind: 'map', entries: [] }, project.files);
  const built = await buildScript(project, ref, rules);
  const script = nameOf(ref);
  const problems = scriptProblems(script, built);
  if (!built.ok) return { ok: false, script, problems, code: 'BUILD_FAILED' };
  return hasErrors(problems)
    ? { ok: false, script, problems, code: 'MAIN_MISSING' }
    : { ok: true, script, problems, bundle: built.bundle };
}

function findScript(project: Project, name: string): ScriptRef {
  const ref = parseScript(name) ?? ({ kind: 'project', path: name.replace(/^\.\//, '') } as const);
  if (ref.kind === 'plugin') {
    throw new RegistryError(
      'SCRIPT_NOT_FOUND',
      `script ${JSON.stringify(name)}: found a plugin's, expected one of the project`,
    );
  }
  const isThere =
    ref.kind === 'built-in' ? project.builtIns.has(ref.name) : ref.path.endsWith('.ts') && project.files.has(ref.path);
  if (isThere) return ref;
  const found = `script ${JSON.stringify(name)}: found no such file`;
  throw new RegistryError('SCRIPT_NOT_FOUND', `${found}, expected a script of the project or a built-in`);
}
