/** The files of a plugin: texts by path, judged as data before anything is done with them. */
import { digestOf } from '../canonical.ts';

/** The manifest's place. It is no file that scripts can import. */
export const MANIFEST = 'plugin.json';

/** Caps of one plugin. */
export const PLUGIN_CAPS = {
  files: 500,
  fileBytes: 1024 * 1024,
  totalBytes: 8 * 1024 * 1024,
  manifestBytes: 16 * 1024,
  path: 255,
  depth: 8,
} as const;

/** Files by path, in the order of their paths. */
export type PluginFiles = ReadonlyMap<string, string>;

/** Why files are no plugin's. */
export class ContentError extends Error {
  /** The path, as far as one is to blame, or `archive`. */
  readonly where: string;
  readonly found: string;
  readonly expected: string;
  /** True where it is a matter of size. */
  readonly isTooMuch: boolean;

  constructor(where: string, found: string, expected: string, isTooMuch = false) {
    super(`${where}: found ${found}, expected ${expected}`);
    this.name = 'ContentError';
    this.where = where;
    this.found = found;
    this.expected = expected;
    this.isTooMuch = isTooMuch;
  }
}

const PART = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/;
const TEXT = /\.(?:[cm]?ts|[cm]?js|json|md|txt)$/;
const BARE = /^(?:LICENSE|NOTICE|README)$/;

/** True for a file that a plugin can hold, by its last name. */
export function isPluginFile(path: string): boolean {
  const last = path.slice(path.lastIndexOf('/') + 1);
  return TEXT.test(last) || BARE.test(last);
}

/**
 * Throws `ContentError` unless the path is one of plain names below the plugin's own root. What is not known to be harmless is
 * refused: no `..`, no root, no drive, no backslash, nothing hidden, nothing that looks like another name.
 */
export function checkPath(path: string): void {
  const shown = JSON.stringify(path.length > 80 ? `${path.slice(0, 80)}…` : path);
  if (path.length > PLUGIN_CAPS.path) {
    throw new ContentError(shown, `a path of ${path.length} characters`, `at most ${PLUGIN_CAPS.path}`);
  }
  const parts = path.split('/');
  if (!parts.every((part) => PART.test(part)) || parts.includes('node_modules')) {
    throw new ContentError(shown, 'a path of another form', 'names of A-Z a-z 0-9 _ . - below the root of the plugin');
  }
  if (parts.length > PLUGIN_CAPS.depth) {
    throw new ContentError(shown, `${parts.length} folders deep`, `at most ${PLUGIN_CAPS.depth}`);
  }
}

/** Collects files under the caps; every refusal is a `ContentError`. */
export class Content {
  readonly #files = new Map<string, string>();
  /** Paths and the folders above them, each by its name in small letters. */
  readonly #taken = new Map<string, { readonly path: string; readonly isFolder: boolean }>();
  #bytes = 0;

  /** Judges a file by name and size before its bytes are looked at. */
  admit(path: string, bytes: number): void {
    checkPath(path);
    if (!isPluginFile(path)) {
      throw new ContentError(path, 'a file of another kind', 'text: .ts .mts .cts .js .mjs .cjs .json .md .txt');
    }
    if (bytes > PLUGIN_CAPS.fileBytes) {
      throw new ContentError(path, `${bytes} bytes`, `at most ${PLUGIN_CAPS.fileBytes}`, true);
    }
    this.#bytes += bytes;
    if (this.#bytes > PLUGIN_CAPS.totalBytes) {
      throw new ContentError('files', 'more text', `at most ${PLUGIN_CAPS.totalBytes} bytes in all`, true);
    }
    this.#take(path);
    if (this.#files.size >= PLUGIN_CAPS.files) {
      throw new ContentError('files', 'more files', `at most ${PLUGIN_CAPS.files}`, true);
    }
    this.#files.set(path, '');
  }

  /** Judges a folder that is named by itself. */
  folder(path: string): void {
    checkPath(path);
    this.#takeFolder(path);
  }

  /** The text of an admitted file. */
  put(path: string, text: string): void {
    if (text.includes('\0') || !text.isWellFormed()) throw new ContentError(path, 'bytes', 'a file of text');
    this.#files.set(path, text);
  }

  /** All files; none is missing and none is there twice. */
  close(): PluginFiles {
    if (!this.#files.has(MANIFEST)) throw new ContentError(MANIFEST, 'no such file', 'the manifest at the root');
    return new Map([...this.#files].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  #take(path: string): void {
    const key = path.toLowerCase();
    if (this.#taken.has(key)) throw new ContentError(path, 'a path that is there twice, or as a folder', 'one');
    this.#taken.set(key, { path, isFolder: false });
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1))
      this.#takeFolder(path.slice(0, end));
  }

  /** Where small and large letters are the same, two folders would be one, and a file could be a folder. */
  #takeFolder(path: string): void {
    const known = this.#taken.get(path.toLowerCase());
    if (known !== undefined && (known.path !== path || !known.isFolder))
      throw new ContentError(path, 'a folder that is there by another name, or as a file', 'one');
    this.#taken.set(path.toLowerCase(), { path, isFolder: true });
  }
}

/** Digest of a plugin's content, whatever it was wrapped in: the manifest's values and the text of each file. */
export function pluginDigest(files: PluginFiles): string {
  const { [MANIFEST]: manifest, ...rest } = Object.fromEntries(files);
  return digestOf({ manifest: JSON.parse(manifest ?? 'null'), files: Object.entries(rest).map(hashed) });
}

function hashed([path, text]: [string, string]): readonly [string, string] {
  return [path, digestOf(text)];
}
