import { posix } from 'node:path';

/** Endings that an import may leave out, in the order in which they are tried. */
const ENDINGS = [
  '',
  '.ts',
  '.tsx',
  '.mts',
  '.js',
  '.mjs',
  '.cjs',
  '.jsx',
  '.json',
  '/index.ts',
  '/index.js',
  '/index.mjs',
  '/index.cjs',
  '/index.json',
];

/** A `.js` import that means a `.ts` file, as TypeScript has it. */
const WRITTEN_AS: Readonly<Record<string, string>> = { '.js': '.ts', '.mjs': '.mts', '.jsx': '.tsx' };

/** The file of `paths` that `path` stands for, or null. Only names in the set can come out: there is no disk behind it. */
export function findFile(paths: ReadonlySet<string>, path: string): string | null {
  for (const ending of ENDINGS) if (paths.has(path + ending)) return path + ending;
  const ending = posix.extname(path);
  const written = WRITTEN_AS[ending];
  const other = written && path.slice(0, -ending.length) + written;
  return other && paths.has(other) ? other : null;
}

/** A relative specifier as a path inside its root, or null when it leads out of it. */
export function joinInside(folder: string, specifier: string): string | null {
  const path = posix.normalize(posix.join(folder, specifier));
  if (path === '..' || path.startsWith('../') || path.startsWith('/')) return null;
  return path.replace(/\/$/, '');
}

/** Whether a specifier is a path relative to its importer. */
export function isRelative(specifier: string): boolean {
  return specifier === '.' || specifier === '..' || specifier.startsWith('./') || specifier.startsWith('../');
}

/** The loader of a file by its ending; only these are ever used. */
export function loaderOf(path: string): 'ts' | 'tsx' | 'js' | 'jsx' | 'json' {
  switch (posix.extname(path)) {
    case '.json':
      return 'json';
    case '.tsx':
      return 'tsx';
    case '.jsx':
      return 'jsx';
    case '.js':
    case '.mjs':
    case '.cjs':
      return 'js';
    default:
      return 'ts';
  }
}

/** `project:activities/x.ts` → `activities/x.ts`; what a person reads in a stack or a problem. */
export function plainPath(source: string): string {
  return source
    .replace(/^project:/, '')
    .replace(/^built-in:/, '@aidbox-billing/')
    .replace(/^package:([^?]*)(\?.*)?$/, 'node_modules/$1');
}
