import { builtinModules } from 'node:module';
import { posix } from 'node:path';
import type { OnResolveArgs, OnResolveResult, PartialMessage } from 'esbuild-wasm';
import type { Asker } from './asker.ts';
import type { ToBuild } from './message.ts';
import {
  findImport,
  findInPackage,
  isNative,
  loadPackage,
  type Package,
  parseBare,
  replaced,
  replacedName,
} from './package.ts';
import { findFile, isRelative, joinInside } from './path.ts';

/** What the host asks a build process for. */
export type BuildInput = Extract<ToBuild, { t: 'build' }>;

/** What a problem is made of, carried in esbuild's `detail`. */
export interface Fault {
  readonly code: 'IMPORT_UNKNOWN' | 'BUILD_FAILED' | 'SCRIPT_MISSING';
  readonly found: string;
  readonly expected: string;
}

const NODE_MODULES: ReadonlySet<string> = new Set(builtinModules);

const BUILT_IN = /^@aidbox-billing\/(?:built-in-activities\/)?(.+)$/;

/**
 * Answers every import of a build from the project's list of files, the built-ins, the virtual modules and the packages of
 * the project. Whatever is none of these is an error: nothing falls through to a disk.
 */
export class Resolver {
  readonly #asker: Asker;
  readonly #files: ReadonlySet<string>;
  readonly #builtIns: ReadonlySet<string>;
  readonly #virtual: ReadonlySet<string>;
  readonly #listed: ReadonlySet<string>;
  readonly #isGuest: boolean;
  readonly #packages = new Map<string, Package>();

  constructor(input: BuildInput, asker: Asker) {
    this.#asker = asker;
    this.#files = new Set(input.paths);
    this.#builtIns = new Set(input.builtIns.map((name) => `${name}.ts`));
    this.#virtual = new Set(input.virtual);
    this.#listed = new Set(input.packages);
    this.#isGuest = input.target === 'guest';
  }

  async resolve(args: OnResolveArgs): Promise<OnResolveResult> {
    const { path, kind, namespace } = args;
    if (kind === 'entry-point') return this.#entry(path);
    if (namespace === 'cloister') return path === './db.ts' ? cloister('db.ts') : unknown(args);
    if (path === 'cloister' && !this.#isGuest) return cloister('cloister.ts');
    if (this.#virtual.has(path)) return { path, namespace: 'virtual' };
    if (namespace === 'package') return this.#fromPackage(args);
    if (isRelative(path)) return this.#relative(args);
    const builtIn = this.#isGuest ? undefined : BUILT_IN.exec(path)?.[1];
    if (builtIn !== undefined) return this.#builtIn(builtIn, args);
    return this.#bare(args, null);
  }

  /** The package of a key that an earlier import led to. */
  packageOf(key: string): Package | undefined {
    return this.#packages.get(key);
  }

  #entry(path: string): OnResolveResult {
    if (this.#files.has(path)) return { path, namespace: 'project' };
    const name = BUILT_IN.exec(path)?.[1];
    const file = name === undefined ? null : findFile(this.#builtIns, name);
    if (file !== null) return { path: file, namespace: 'built-in' };
    return refuse({ code: 'SCRIPT_MISSING', found: path, expected: 'a file of the project' });
  }

  #relative(args: OnResolveArgs): OnResolveResult {
    const isBuiltIn = args.namespace === 'built-in';
    const folder = args.namespace === 'virtual' ? '' : posix.dirname(args.importer);
    const path = joinInside(folder, args.path);
    if (path === null) return unknown(args, 'a file inside the project');
    const file = findFile(isBuiltIn ? this.#builtIns : this.#files, path);
    return file === null
      ? unknown(args, `a file of the ${isBuiltIn ? 'built-ins' : 'project'}`)
      : { path: file, namespace: isBuiltIn ? 'built-in' : 'project' };
  }

  #builtIn(name: string, args: OnResolveArgs): OnResolveResult {
    const file = findFile(this.#builtIns, name);
    return file === null ? unknown(args, 'the name of a built-in activity') : { path: file, namespace: 'built-in' };
  }

  async #bare(args: OnResolveArgs, from: Package | null): Promise<OnResolveResult> {
    const bare = args.path.startsWith('node:') ? null : parseBare(args.path);
    const isListed = bare !== null && (from !== null || this.#listed.has(bare.name));
    const pkg = isListed ? await this.#load(bare.name, from?.key ?? null) : null;
    if (bare && pkg) return this.#inPackage(pkg, bare.subpath, args);
    if (args.path.startsWith('node:') || NODE_MODULES.has(bare?.name ?? '')) {
      return unknown(
        args,
        `no module of Node: a cell has none${from ? ` (package ${from.name}, ${fileOf(args)})` : ''}`,
      );
    }
    const expected = isListed
      ? 'a package that is installed'
      : 'a package that package.json lists, a built-in activity or "cloister"';
    return unknown(args, expected);
  }

  async #load(name: string, from: string | null): Promise<Package | null> {
    const pkg = await loadPackage(this.#asker, name, from);
    if (pkg) this.#packages.set(pkg.key, pkg);
    return pkg;
  }

  #inPackage(pkg: Package, subpath: string, args: OnResolveArgs): OnResolveResult {
    if (isNative(pkg)) return unknown(args, 'a package without native code');
    const path = findInPackage(pkg, subpath, args.kind.startsWith('require'));
    return path === null ? unknown(args, `a file that package ${pkg.name} exports`) : at(pkg, path);
  }

  async #fromPackage(args: OnResolveArgs): Promise<OnResolveResult> {
    const owner: unknown = args.pluginData;
    const pkg = typeof owner === 'string' ? this.#packages.get(owner) : undefined;
    if (!pkg) return unknown(args);
    const other = replacedName(pkg, args.path);
    if (other === false) return at(pkg, false);
    const path = other ?? args.path;
    if (path.startsWith('#')) return this.#ownImport(pkg, { ...args, path });
    if (!isRelative(path)) return this.#bare({ ...args, path }, pkg);
    const inside = joinInside(posix.dirname(fileOf(args)), path);
    const file = inside === null ? null : replaced(pkg, findFile(pkg.paths, inside === '.' ? 'index' : inside));
    return file === null ? unknown(args, `a file of package ${pkg.name}`) : at(pkg, file);
  }

  async #ownImport(pkg: Package, args: OnResolveArgs): Promise<OnResolveResult> {
    const target = findImport(pkg, args.path, args.kind.startsWith('require'));
    if (target === null) return unknown(args, `an import that package ${pkg.name} declares`);
    if (!isRelative(target)) return this.#bare({ ...args, path: target }, pkg);
    const path = target.replace(/^\.\//, '');
    return pkg.paths.has(path) ? at(pkg, path) : unknown(args, `a file of package ${pkg.name}`);
  }
}

/** Path of a file inside its package: what follows the name in `name/path` or `@scope/name/path`. */
function fileOf({ importer }: OnResolveArgs): string {
  return importer.replace(/^(?:@[^/]+\/)?[^/]+\//, '').replace(/\?.*$/, '');
}

/** A file of a package. The key tells copies of one package apart; the path is what errors and stacks show. */
function at(pkg: Package, path: string | false): OnResolveResult {
  const isPure = pkg.manifest.sideEffects === false;
  return {
    path: `${pkg.name}/${path === false ? '(empty)' : path}`,
    suffix: `?${pkg.key}`,
    namespace: 'package',
    pluginData: pkg.key,
    ...(isPure && { sideEffects: false }),
  };
}

function cloister(path: string): OnResolveResult {
  return { path, namespace: 'cloister', sideEffects: false };
}

function unknown(args: OnResolveArgs, expected = 'a module of the project'): OnResolveResult {
  const verb = args.kind.startsWith('require') ? 'require' : 'import';
  return refuse({ code: 'IMPORT_UNKNOWN', found: `${verb} ${JSON.stringify(args.path)}`, expected });
}

function refuse(fault: Fault): OnResolveResult {
  const error: PartialMessage = { text: `${fault.found}: expected ${fault.expected}`, detail: fault };
  return { errors: [error] };
}
