import { posix } from 'node:path';
import { isChannel, isPluginName, isScriptName, isVersion } from '../plugins/name.ts';

/** The file behind a script: one of the project's own, or a built-in such as `fhir/search`. */
export type ScriptRef =
  | { readonly kind: 'project'; readonly path: string }
  | { readonly kind: 'built-in'; readonly name: string };

/** A script of an uploaded plugin: `@scope/name@1.2.0/script`, or a channel in place of the version. */
export interface PluginRef {
  readonly kind: 'plugin';
  readonly plugin: string;
  /** Exact version, or channel. */
  readonly wanted: string;
  readonly script: string;
}

/** Reads the `script` field; undefined when it has none of the forms. A path may still leave `activities/`. */
export function parseScript(script: string): ScriptRef | PluginRef | undefined {
  const builtIn = /^@aidbox-billing\/([A-Za-z0-9_-]+\/[A-Za-z0-9_-]+)$/.exec(script);
  if (builtIn?.[1] !== undefined) return { kind: 'built-in', name: builtIn[1] };
  const plugin = parsePlugin(script);
  if (plugin !== undefined) return plugin;
  if (!/^\.\/activities\/.+\.ts$/.test(script)) return undefined;
  return { kind: 'project', path: posix.normalize(script) };
}

function parsePlugin(text: string): PluginRef | undefined {
  const [, plugin = '', wanted = '', script = ''] = /^(@[^@/]+\/[^@/]+)@([^@/]+)\/([^@/]+)$/.exec(text) ?? [];
  if (!isPluginName(plugin) || !(isVersion(wanted) || isChannel(wanted)) || !isScriptName(script)) return undefined;
  return { kind: 'plugin', plugin, wanted, script };
}

/** How a script is named in problems and history: its path, `@aidbox-billing/<category>/<name>`, or as a plugin's is written. */
export function nameOf(ref: ScriptRef | PluginRef): string {
  if (ref.kind === 'plugin') return `${ref.plugin}@${ref.wanted}/${ref.script}`;
  return ref.kind === 'project' ? ref.path : `@aidbox-billing/${ref.name}`;
}

/** Names of built-ins that may be scripts: files such as `fhir/_types` hold types only. */
export function scriptNames(builtIns: ReadonlyMap<string, string>): string[] {
  return [...builtIns.keys()].filter((name) => !name.split('/').some((part) => part.startsWith('_'))).sort();
}
