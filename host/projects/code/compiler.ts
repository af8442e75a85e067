/** Compiled code of projects, by digest of its source: in memory, and in the code store, so that no host compiles it again. */
import {
  type Build,
  type BuildFault,
  type Bundle,
  type CodeStore,
  canonicalJson,
  contentDigest,
  type ReadPackage,
  StoreError,
} from '../../../registry/index.ts';
import { ACTIVITY_MODULES, guestModules } from './modules.ts';

/** One module to compile. */
export interface CodeSource {
  /** For the guest interpreter, or for a cell. */
  readonly kind: 'workflow' | 'activity';
  /** Path of the entry in `files`. */
  readonly entry: string;
  readonly files: ReadonlyMap<string, string>;
}

/** A module that compiled. */
export interface CompiledCode {
  readonly ok: true;
  readonly bundle: Bundle;
  readonly exports: readonly string[];
  readonly functions: readonly string[];
  readonly unclear: readonly string[];
}

/** How compiling ended. */
export type Compilation = CompiledCode | { readonly ok: false; readonly faults: readonly BuildFault[] };

/** npm packages that project code may import: their names, listed by the operator, and their files. */
export interface GuestPackages {
  readonly names: ReadonlySet<string>;
  readonly read: ReadPackage;
}

/** What a compiler needs. */
export interface CompilerOptions {
  readonly store: CodeStore;
  readonly build: Build;
  readonly packages: GuestPackages;
}

/** Whose code is compiled: one build at a time, in a process that serves nobody else. */
export class CodeOwner {
  #last: Promise<unknown> = Promise.resolve();

  /** Does a piece of work after those that were asked for before. */
  inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work);
    this.#last = mine.catch(() => undefined);
    return mine;
  }
}

/** Changes when the same source would have to be compiled anew. */
const TOOLCHAIN = 1;

/** Text kept in memory at most, characters of sources, code and maps. */
const MOST_CHARACTERS = 64 * 1024 * 1024;
/** See `sweepCode`: by far less than the age of what it removes. */
const STORE_AGAIN_MS = 24 * 60 * 60 * 1000;

interface Kept {
  readonly compilation: Promise<Compilation>;
  characters: number;
  /** Milliseconds since 1970; when it was last known to be in the store. */
  storedAt: number;
}

/** Compiles modules, each once. Calls may overlap. */
export class Compiler {
  readonly #options: CompilerOptions;
  readonly #kept = new Map<string, Kept>();
  #characters = 0;
  #packages: Promise<string> | null = null;

  constructor(options: CompilerOptions) {
    this.#options = options;
  }

  /** Compiles a module, or finds what became of it before. Rejects when the build or the store fails. */
  async compile(source: CodeSource, owner: CodeOwner): Promise<Compilation> {
    const key = canonicalJson({
      toolchain: TOOLCHAIN,
      kind: source.kind,
      entry: source.entry,
      files: [...source.files],
      packages: await this.#packageKeys(),
    });
    const digest = contentDigest(key);
    const kept = this.#use(digest) ?? this.#keep(digest, this.#find(digest, key, source, owner));
    const compilation = await kept.compilation;
    if (compilation.ok && kept.storedAt < Date.now() - STORE_AGAIN_MS) {
      await this.#put(digest, key, compilation);
      kept.storedAt = Date.now();
    }
    return compilation;
  }

  #use(digest: string): Kept | undefined {
    const kept = this.#kept.get(digest);
    if (kept === undefined) return undefined;
    this.#kept.delete(digest);
    this.#kept.set(digest, kept);
    return kept;
  }

  #keep(digest: string, compilation: Promise<Compilation>): Kept {
    const kept: Kept = { compilation, characters: 0, storedAt: Date.now() };
    this.#kept.set(digest, kept);
    compilation.then(
      (made) => {
        kept.characters = made.ok ? made.bundle.code.length + made.bundle.map.length : 0;
        this.#characters += kept.characters;
        this.#shrink();
      },
      () => this.#kept.delete(digest),
    );
    return kept;
  }

  #shrink(): void {
    for (const [digest, { characters }] of this.#kept) {
      if (this.#characters <= MOST_CHARACTERS && this.#kept.size <= MOST_KEPT) return;
      this.#kept.delete(digest);
      this.#characters -= characters;
    }
  }

  async #find(digest: string, key: string, source: CodeSource, owner: CodeOwner): Promise<Compilation> {
    const stored = await this.#stored(digest);
    if (stored !== null) return stored;
    const made = await owner.inTurn(() => this.#build(source, owner));
    if (made.ok) await this.#put(digest, key, made);
    return made;
  }

  async #build({ kind, entry, files }: CodeSource, owner: CodeOwner): Promise<Compilation> {
    const { build, packages } = this.#options;
    const made = await build({
      entry,
      files,
      builtIns: NONE,
      packages: packages.names,
      readPackage: packages.read,
      virtual: kind === 'workflow' ? await guestModules() : ACTIVITY_MODULES,
      target: kind === 'workflow' ? 'guest' : 'cell',
      owner,
    });
    if (!made.ok) return { ok: false, faults: made.problems };
    const { bundle, exports, functions, unclear } = made;
    return { ok: true, bundle, exports, functions, unclear };
  }

  /** A source's row holds the source as its code, so that the digest finds it, and where a map would be what was made of it. */
  async #stored(digest: string): Promise<CompiledCode | null> {
    const { store } = this.#options;
    try {
      const row = await store.getCode(digest);
      if (row?.kind !== 'bundle') return null;
      const { map } = JSON.parse(row.body) as { map: string };
      const { made, ...lists } = JSON.parse(map) as { made: string } & Omit<CompiledCode, 'ok' | 'bundle'>;
      const code = await store.getCode(made);
      if (code?.kind !== 'bundle') return null;
      await Promise.all([store.touchCode(digest), store.touchCode(made)]);
      return { ok: true, bundle: { digest: made, ...(JSON.parse(code.body) as Omit<Bundle, 'digest'>) }, ...lists };
    } catch (error) {
      // It is made again, and put over what is broken.
      if (error instanceof StoreError && error.code === 'CODE_CORRUPT') return null;
      throw error;
    }
  }

  async #put(digest: string, key: string, { bundle, exports, functions, unclear }: CompiledCode): Promise<void> {
    const { store } = this.#options;
    const { digest: made, code, map } = bundle;
    await store.putCode(made, 'bundle', JSON.stringify({ code, map }));
    const lists = JSON.stringify({ made, exports, functions, unclear });
    await store.putCode(digest, 'bundle', JSON.stringify({ code: key, map: lists }));
  }

  /** Names of the packages with what identifies their content; read once, as the operator changes them between starts. */
  #packageKeys(): Promise<string> {
    this.#packages ??= this.#readKeys().catch((error: unknown) => {
      this.#packages = null;
      throw error;
    });
    return this.#packages;
  }

  async #readKeys(): Promise<string> {
    const { names, read } = this.#options.packages;
    const sorted = [...names].sort();
    return canonicalJson(await Promise.all(sorted.map(async (name) => [name, (await read(name, null))?.key ?? null])));
  }
}

const NONE: ReadonlyMap<string, string> = new Map();
const MOST_KEPT = 5_000;
