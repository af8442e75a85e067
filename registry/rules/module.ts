import { posix } from 'node:path';
import type { Template } from '../plan.ts';
import { formatProblem } from '../problem.ts';
import type { ScriptRef } from '../scripts/ref.ts';
import { DEFAULT_MANIFEST, type Manifest } from './manifest.ts';

/** The virtual module by which rules reach the cell. */
export const RULES_MODULE = 'cloister:validation-rules';

/** The built-in that evaluates rules. */
export const RULES_BUILT_IN = 'billing-case/evaluate-validation-rules';

/**
 * Source of the module: `rules`, each with its manifest fields and `main`, and `manifestPath` (null: no manifest). With a
 * broken manifest it throws as soon as it is imported: a claim must not pass because a rule could not be read.
 */
export function rulesModule(manifestPath: string | null, manifest: Manifest | null): string {
  const error = manifest?.report.problems.find(({ severity }) => severity === 'error');
  const head = `export const manifestPath = ${JSON.stringify(manifestPath)};`;
  if (error !== undefined) {
    return `${head}\nexport const rules = [];\nthrow new Error(${JSON.stringify(formatProblem(error))});\n`;
  }
  const rules = manifest?.rules ?? [];
  const imports = rules.map(({ path }, n) => `import { main as main${n} } from ${JSON.stringify(`./${path}`)};`);
  const entries = rules.map(({ rule }, n) => `  { ...${JSON.stringify(rule)}, main: main${n} },`);
  return `${[...imports, head, 'export const rules = [', ...entries, '];'].join('\n')}\n`;
}

/**
 * The manifest that goes with a script: its path in the project, or null for none. A literal `params.manifestPath` names it.
 * One that is known only at run time, and a project's own script (which may call the built-in by itself), get the normal one
 * where it exists.
 */
export function chooseManifest(
  ref: ScriptRef,
  params: Template & { readonly kind: 'map' },
  files: ReadonlyMap<string, string>,
): string | null {
  const given = params.entries.find(([key]) => key === 'manifestPath')?.[1];
  const literal = given?.kind === 'literal' && typeof given.value === 'string' ? posix.normalize(given.value) : null;
  if (literal !== null && files.has(literal)) return literal;
  const isDynamic = given !== undefined && given.kind !== 'literal';
  if (ref.kind === 'built-in' && !isDynamic) return null;
  return files.has(DEFAULT_MANIFEST) ? DEFAULT_MANIFEST : null;
}
