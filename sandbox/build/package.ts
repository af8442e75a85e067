import * as resolveExports from 'resolve.exports';
import type { Asker } from './asker.ts';
import { findFile } from './path.ts';

/** An installed npm package as the build sees it. */
export interface Package {
  readonly key: string;
  readonly name: string;
  readonly paths: ReadonlySet<string>;
  readonly manifest: Manifest;
}

interface Manifest {
  readonly name: string;
  readonly main?: unknown;
  readonly module?: unknown;
  readonly browser?: unknown;
  readonly exports?: unknown;
  readonly imports?: unknown;
  readonly gypfile?: unknown;
  readonly sideEffects?: unknown;
}

/** A specifier taken apart: `@scope/name/sub/path` → name and `./sub/path`. */
export interface Bare {
  readonly name: string;
  readonly subpath: string;
}

/** Null when the text cannot name a package. */
export function parseBare(specifier: string): Bare | null {
  const match = /^((?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-zA-Z0-9~-][\w.~-]*)(\/.*)?$/.exec(specifier);
  return match?.[1] === undefined ? null : { name: match[1], subpath: `.${match[2] ?? ''}` };
}

/** Loads a package by name as seen from another one (its key) or from the project (null); null when not installed. */
export async function loadPackage(asker: Asker, name: string, from: string | null): Promise<Package | null> {
  const reply = await asker.ask({ of: 'package', name, from });
  if (reply === null || !('key' in reply)) return null;
  const manifest: unknown = JSON.parse(reply.manifest);
  const isObject = typeof manifest === 'object' && manifest !== null;
  return {
    key: reply.key,
    name,
    paths: new Set(reply.paths),
    manifest: { ...(isObject ? manifest : {}), name },
  };
}

/** Whether the package brings or builds native code. */
export function isNative({ manifest, paths }: Package): boolean {
  if (manifest.gypfile === true || paths.has('binding.gyp')) return true;
  for (const path of paths) if (path.endsWith('.node')) return true;
  return false;
}

/** Conditions of `exports` and `imports`: a script is neither Node nor a browser with a page, but nearer to the latter. */
function conditions(isRequire: boolean): string[] {
  return [isRequire ? 'require' : 'import', 'browser', 'module', 'default'];
}

/** The file inside the package that a subpath stands for; `false` when the package leaves it empty, null when there is none. */
export function findInPackage(pkg: Package, subpath: string, isRequire: boolean): string | false | null {
  const { manifest, paths } = pkg;
  if (manifest.exports !== undefined) {
    const target = exported(pkg, subpath, isRequire);
    return target !== null && paths.has(target) ? target : null;
  }
  if (subpath !== '.') return replaced(pkg, findFile(paths, inner(subpath)));
  for (const field of [manifest.browser, manifest.module, manifest.main, './index']) {
    const found = typeof field === 'string' ? findFile(paths, inner(field)) : null;
    if (found !== null) return replaced(pkg, found);
  }
  return null;
}

/** The file that a `#name` import of the package's own stands for, or the bare specifier it leads to. */
export function findImport(pkg: Package, specifier: string, isRequire: boolean): string | null {
  try {
    const options = { conditions: conditions(isRequire), unsafe: true };
    return resolveExports.imports(pkg.manifest, specifier, options)?.[0] ?? null;
  } catch {
    return null;
  }
}

/** Applies the `browser` map of a package: another file, or `false` for an empty module. */
export function replaced(pkg: Package, path: string | null): string | false | null {
  const { browser } = pkg.manifest;
  if (path === null || typeof browser !== 'object' || browser === null) return path;
  const other: unknown =
    Reflect.get(browser, `./${path}`) ?? Reflect.get(browser, `./${path.replace(/\.[cm]?js$/, '')}`);
  if (other === false) return false;
  return typeof other === 'string' ? findFile(pkg.paths, inner(other)) : path;
}

/** What the `browser` map says of another module's name: a name, `false` for an empty module, or null when nothing. */
export function replacedName(pkg: Package, specifier: string): string | false | null {
  const { browser } = pkg.manifest;
  if (typeof browser !== 'object' || browser === null || !Object.hasOwn(browser, specifier)) return null;
  const other: unknown = Reflect.get(browser, specifier);
  return other === false || typeof other === 'string' ? other : null;
}

function exported({ manifest }: Package, subpath: string, isRequire: boolean): string | null {
  try {
    const options = { conditions: conditions(isRequire), unsafe: true };
    const target = resolveExports.exports(manifest, subpath, options)?.[0];
    return target === undefined ? null : inner(target);
  } catch {
    return null;
  }
}

function inner(path: string): string {
  return path.replace(/^(\.?\/)+/, '').replace(/\/$/, '');
}
