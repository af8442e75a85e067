/** Which files of a config project are read, and how much of them. */

/** Folders that are read. `workflows/` is flat, the others have any depth. */
export const AREAS = ['workflows', 'activities', 'validation-rules', 'triggers'] as const;

/** Single files at the root. */
export const ROOT_FILES = ['package.json', 'package-lock.json', 'npm-shrinkwrap.json', 'cloister.yaml'] as const;

/** Caps of one project; past one of them it is refused. */
export const CAPS = { files: 5_000, fileBytes: 2 * 1024 * 1024, totalBytes: 32 * 1024 * 1024, depth: 16 } as const;

/** A lock file is read for its digest only and may be longer than a script. */
const LOCK_BYTES = 16 * 1024 * 1024;

const TEXT = /\.(?:[cm]?ts|tsx|[cm]?js|jsx|json|ya?ml)$/;

/** Whether a file below an area is read: scripts, JSON and YAML, not in `node_modules` or hidden folders. */
export function isProjectFile(path: string): boolean {
  const parts = path.split('/');
  if (parts.some((part) => part === 'node_modules' || part.startsWith('.'))) return false;
  return TEXT.test(path) && !(parts[0] === 'workflows' && parts.length > 2);
}

/** Largest size of one file, bytes. */
export function maxBytesOf(path: string): number {
  return path === 'package-lock.json' || path === 'npm-shrinkwrap.json' ? LOCK_BYTES : CAPS.fileBytes;
}
