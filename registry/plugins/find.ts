/** How scripts of plugins come into a plan: the host finds them, the registry checks and records what was found. */
import type { Declaration, PlanPlugin } from '../plan.ts';
import type { Problem } from '../problem.ts';
import type { Built } from '../scripts/builder.ts';
import type { PluginRef } from '../scripts/ref.ts';
import type { ActivitySource, WorkflowSource } from '../workflow/source.ts';
import { field } from '../yaml/node.ts';

/** One version of a plugin, as one tenant sees it. */
export interface FoundPlugin {
  readonly name: string;
  readonly version: string;
  /** Of its content. */
  readonly digest: string;
  /** Tenant whose plugin it is; null: everybody's. */
  readonly owner: string | null;
  readonly declaration: Declaration;
  /** What its users are told; null: it is not deprecated. */
  readonly deprecated: string | null;
  readonly scripts: readonly string[];
  /** Builds one of `scripts`. Rejects only when store or builder fail. */
  build(script: string): Promise<Built>;
}

/** No such plugin, or none of that version; `known` are versions and channels that there are. */
export interface NoPlugin {
  readonly missing: 'plugin' | 'version';
  readonly known: readonly string[];
}

/** Finds a plugin by name and exact version or channel. Bound to the tenant of the run; another's plugin is a missing one. */
export type FindPlugin = (name: string, wanted: string) => Promise<FoundPlugin | NoPlugin>;

/** The plugins that activities name, and what is wrong with those names. */
export interface UsedPlugins {
  /** By `@scope/name@version`, as written. */
  readonly found: ReadonlyMap<string, FoundPlugin>;
  readonly problems: readonly Problem[];
}

/** The key of `UsedPlugins.found`. */
export function pluginKey({ plugin, wanted }: PluginRef): string {
  return `${plugin}@${wanted}`;
}

/** Looks every plugin up that the workflows use, each once. `find` null: nobody can tell, which is a warning at each place. */
export async function findPlugins(workflows: readonly WorkflowSource[], find: FindPlugin | null): Promise<UsedPlugins> {
  const uses = workflows.flatMap((workflow) => workflow.activities.flatMap((activity) => useOf(workflow, activity)));
  const found = new Map<string, FoundPlugin | NoPlugin>();
  for (const { ref } of uses) {
    const key = pluginKey(ref);
    if (find !== null && !found.has(key)) found.set(key, await find(ref.plugin, ref.wanted));
  }
  return {
    found: new Map([...found].flatMap(([key, each]) => ('missing' in each ? [] : [[key, each] as const]))),
    problems: uses.flatMap((use) => problemOf(use, found.get(pluginKey(use.ref)))),
  };
}

/** What a plan records of a plugin. */
export function toPlanPlugin({ name, version, digest, owner, declaration }: FoundPlugin): PlanPlugin {
  return { name, version, digest, owner, declaration };
}

interface Use {
  readonly ref: PluginRef;
  readonly file: string;
  readonly activity: ActivitySource;
}

function useOf({ file }: WorkflowSource, activity: ActivitySource): Use[] {
  return activity.ref?.kind === 'plugin' ? [{ ref: activity.ref, file, activity }] : [];
}

function problemOf({ ref, file, activity }: Use, found: FoundPlugin | NoPlugin | undefined): Problem[] {
  const { line, column } = field(activity.map, 'script')?.at ?? activity.map.at;
  const where = `activity ${JSON.stringify(activity.id)} script`;
  const problem = (
    code: string,
    told: string,
    expected: string,
    severity: Problem['severity'] = 'error',
  ): Problem[] => [{ file, line, column, severity, code, where, found: told, expected }];
  const written = JSON.stringify(pluginKey(ref));
  if (found === undefined)
    return problem(
      'PLUGIN_UNCHECKED',
      `plugin ${written}, which cannot be checked here`,
      'a host that has it',
      'warning',
    );
  if ('missing' in found) {
    if (found.missing === 'plugin')
      return problem('PLUGIN_UNKNOWN', `plugin ${JSON.stringify(ref.plugin)}`, 'a plugin that was uploaded');
    return problem('PLUGIN_VERSION_UNKNOWN', `plugin ${written}`, `one of ${found.known.slice(0, 20).join(', ')}`);
  }
  if (!found.scripts.includes(ref.script)) {
    const expected = `one of ${found.scripts.join(', ')}`;
    return problem('PLUGIN_SCRIPT_UNKNOWN', `script ${JSON.stringify(ref.script)} of ${written}`, expected);
  }
  if (found.deprecated === null) return [];
  const told = `plugin ${found.name}@${found.version}, deprecated: ${found.deprecated}`;
  return problem('PLUGIN_DEPRECATED', told, 'a version that is kept', 'warning');
}
