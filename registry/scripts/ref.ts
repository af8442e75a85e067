import { posix } from 'node:path';

/** The file behind a script: one of the project's own, or a built-in such as `fhir/search`. */
export type ScriptRef =
  | { readonly kind: 'project'; readonly path: string }
  | { readonly kind: 'built-in'; readonly name: string };

/** Reads the `script` field; undefined when it has neither form. A path may still leave `activities/`. */
export function parseScript(script: string): ScriptRef | undefined {
  const builtIn = /^@aidbox-billing\/([A-Za-z0-9_-]+\/[A-Za-z0-9_-]+)$/.exec(script);
  if (builtIn?.[1] !== undefined) return { kind: 'built-in', name: builtIn[1] };
  if (!/^\.\/activities\/.+\.ts$/.test(script)) return undefined;
  return { kind: 'project', path: posix.normalize(script) };
}

/** How a script is named in problems and history: its path, or `@aidbox-billing/<category>/<name>`. */
export function nameOf(ref: ScriptRef): string {
  return ref.kind === 'project' ? ref.path : `@aidbox-billing/${ref.name}`;
}

/** Names of built-ins that may be scripts: files such as `fhir/_types` hold types only. */
export function scriptNames(builtIns: ReadonlyMap<string, string>): string[] {
  return [...builtIns.keys()].filter((name) => !name.split('/').some((part) => part.startsWith('_'))).sort();
}
