import type { Build, BuildFault, BuildInput, BuildResult, ReadPackage } from '../build.ts';
import { digestOf } from '../canonical.ts';
import { RegistryError } from '../errors.ts';
import { packageReader } from '../packages/read.ts';
import type { Problem } from '../problem.ts';
import { type BuildCache, cacheOf, type Remembered } from './cache.ts';
import { nameOf, type ScriptRef } from './ref.ts';

/** What a builder builds from. */
export interface BuilderOptions {
  readonly dir: string;
  /** Folder whose `node_modules` are read. */
  readonly packagesDir: string;
  readonly files: ReadonlyMap<string, string>;
  readonly builtIns: ReadonlyMap<string, string>;
  readonly packages: ReadonlySet<string>;
  readonly build: Build;
}

/** A script as built, or why it is not. */
export type Built = Extract<BuildResult, { ok: true }> | { readonly ok: false; readonly problems: readonly Problem[] };

/** Virtual modules of one build: specifier → text. */
export type Virtual = ReadonlyMap<string, string>;

/** Builds the scripts of one snapshot of a project, each once. */
export class Builder {
  readonly #options: BuilderOptions;
  readonly #cache: BuildCache;
  readonly #readPackage: ReadPackage;
  readonly #digests = new Map<string, string>();
  readonly #built = new Map<string, Promise<Built>>();
  readonly #ground: string;
  #content: string | null = null;
  #ended = 0;

  constructor(options: BuilderOptions) {
    const { packagesDir, files, builtIns, packages, build } = options;
    this.#options = options;
    this.#cache = cacheOf(build);
    this.#readPackage = packageReader(packagesDir, this.#cache.packages);
    // A new file may come before another in an import's resolution, so the names count, whatever went in.
    this.#ground = digestOf([[...files.keys()], [...builtIns].sort(), [...packages].sort()]);
  }

  /** Builds a script. Rejects only when the builder itself fails; that is tried again next time. */
  build(ref: ScriptRef, virtual: Virtual): Promise<Built> {
    const frame = digestOf([this.#ground, [...virtual]]);
    const key = `${nameOf(ref)} ${frame}`;
    const known = this.#built.get(key);
    if (known !== undefined) return known;
    const building = this.#make(ref, virtual, frame);
    this.#built.set(key, building);
    building.catch(() => this.#built.delete(key));
    return building;
  }

  async #make(ref: ScriptRef, virtual: Virtual, frame: string): Promise<Built> {
    const entry = nameOf(ref);
    // The folder is part of the key: what one project's build claims to have read says nothing about another's.
    const key = `${this.#options.dir}\0${entry}`;
    const known = this.#cache.get(key);
    if (known !== undefined && (await this.#isCurrent(known, frame))) return known.result;
    const ended = this.#cache.endedOf(key);
    if (ended !== undefined && ended.content === this.#contentOf()) return this.#refuse(ended.problems);
    if (this.#ended >= MOST_ENDED) return { ok: false, problems: [notTried(entry)] };
    const packages: Remembered['packages'][number][] = [];
    const { files, builtIns, packages: listed, build } = this.#options;
    const readPackage: ReadPackage = async (name, from) => {
      const found = await this.#readPackage(name, from);
      packages.push({ name, from, key: found?.key ?? null });
      return found;
    };
    const result = await refusable(entry, build, { entry, files, builtIns, packages: listed, readPackage, virtual });
    if (!result.ok) {
      const problems = result.problems.map(toProblem);
      if (!result.wasEnded) return { ok: false, problems };
      this.#cache.setEnded(key, { content: this.#contentOf(), problems, at: performance.now() });
      return this.#refuse(problems);
    }
    const inputs = new Map(result.inputs.map((path) => [path, this.#digest(path)]));
    this.#cache.set(key, { frame, inputs, packages, result });
    return result;
  }

  #refuse(problems: readonly Problem[]): Built {
    this.#ended += 1;
    return { ok: false, problems };
  }

  /** Digest of the whole project: what a build that was ended would have read is not known. */
  #contentOf(): string {
    this.#content ??= digestOf([...this.#options.files].map(([path]) => [path, this.#digest(path)]));
    return this.#content;
  }

  async #isCurrent({ frame, inputs, packages }: Remembered, now: string): Promise<boolean> {
    if (frame !== now) return false;
    for (const [path, digest] of inputs) if (this.#digest(path) !== digest) return false;
    for (const { name, from, key } of packages) {
      if (((await this.#readPackage(name, from))?.key ?? null) !== key) return false;
    }
    return true;
  }

  #digest(path: string): string {
    const digest = this.#digests.get(path) ?? digestOf(this.#options.files.get(path) ?? '');
    this.#digests.set(path, digest);
    return digest;
  }
}

/** Scripts of one snapshot that may use up the time of a build; a workflow of a thousand such would take hours. */
const MOST_ENDED = 3;

function notTried(file: string): Problem {
  const found = `${MOST_ENDED} other scripts whose builds were ended`;
  const expected = 'scripts that compile within the limits of a build; this one was not tried';
  return { file, line: 1, column: 1, severity: 'error', code: 'BUILD_FAILED', where: file, found, expected };
}

/** A package that is refused while it is read is the script's problem, not the builder's. */
async function refusable(entry: string, build: Build, input: BuildInput): Promise<BuildResult> {
  let refusal: RegistryError | undefined;
  const readPackage: ReadPackage = async (name, from) => {
    try {
      return await input.readPackage(name, from);
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error;
      refusal ??= error;
      return null;
    }
  };
  const result = await build({ ...input, readPackage });
  if (refusal === undefined) return result;
  const fault = {
    code: 'BUILD_FAILED',
    file: entry,
    line: 1,
    column: 1,
    found: refusal.message,
    expected: '',
  } as const;
  return { ok: false, problems: [fault] };
}

const EXPECTED_IMPORT = 'project files, built-ins, packages of package.json or "cloister"';

/** Words of the specification's table; what the builder knows better goes in brackets. */
function toProblem({ code, file, line, column, found, expected }: BuildFault): Problem {
  const hint = expected === '' ? '' : ` (${expected})`;
  const words = code === 'IMPORT_UNKNOWN' ? `${EXPECTED_IMPORT}${hint}` : 'TypeScript that builds';
  return { file, line, column, severity: 'error', code, where: file, found, expected: words };
}
