import type { Build, BuildResult } from '../build.ts';
import type { PackageCache } from '../packages/read.ts';
import type { Problem } from '../problem.ts';

/** A build that succeeded, with everything that went into it. */
export interface Remembered {
  /** Digest of what every build of the project depends on: names of files and packages, built-ins, virtual modules. */
  readonly frame: string;
  /** Path → digest of its text, for each of the project's own files in the bundle. */
  readonly inputs: ReadonlyMap<string, string>;
  /** Packages that were asked for, in order; `key` null when there was none. */
  readonly packages: readonly { readonly name: string; readonly from: string | null; readonly key: string | null }[];
  readonly result: Extract<BuildResult, { ok: true }>;
}

/** Text kept at most, characters of code and map. */
const MOST_CHARACTERS = 64 * 1024 * 1024;

/** A build that a limit ended. */
export interface Ended {
  /** Digest of all that the project holds. */
  readonly content: string;
  readonly problems: readonly Problem[];
  /** Of `performance.now()`. */
  readonly at: number;
}

/** How long such a script is not tried again, milliseconds: the machine may have been busy. */
const ENDED_MS = 60_000;
const MOST_ENDED = 1_000;

/** Newest builds by project folder and entry. Bounded; the least recently used goes first. */
export class BuildCache {
  readonly packages: PackageCache = new Map();
  readonly #entries = new Map<string, Remembered>();
  readonly #ended = new Map<string, Ended>();
  #characters = 0;

  /** The build of this key that was ended a moment ago, if any. */
  endedOf(key: string): Ended | undefined {
    const found = this.#ended.get(key);
    if (found !== undefined && performance.now() - found.at < ENDED_MS) return found;
    this.#ended.delete(key);
    return undefined;
  }

  setEnded(key: string, ended: Ended): void {
    this.#ended.set(key, ended);
    for (const oldest of this.#ended.keys()) if (this.#ended.size > MOST_ENDED) this.#ended.delete(oldest);
  }

  get(key: string): Remembered | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry;
  }

  set(key: string, entry: Remembered): void {
    this.#drop(key);
    this.#entries.set(key, entry);
    this.#characters += sizeOf(entry);
    for (const oldest of this.#entries.keys()) {
      if (this.#characters <= MOST_CHARACTERS) break;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    const entry = this.#entries.get(key);
    if (entry !== undefined) this.#characters -= sizeOf(entry);
    this.#entries.delete(key);
  }
}

function sizeOf({ result }: Remembered): number {
  return result.bundle.code.length + result.bundle.map.length;
}

// A cache lives as long as the builder whose work it keeps: pass the same function to share it between projects.
const caches = new WeakMap<Build, BuildCache>();

/** The cache of a builder. */
export function cacheOf(build: Build): BuildCache {
  const cache = caches.get(build) ?? new BuildCache();
  caches.set(build, cache);
  return cache;
}
