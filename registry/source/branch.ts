import { RegistryError } from '../errors.ts';

const LONGEST = 200;
/** A branch is a folder, and no name of one is longer than 255. */
const MOST_BYTES = 240;
/** What draws a name otherwise than it is read: controls, and marks that turn the direction of writing. */
const UNSHOWN = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u;
// biome-ignore lint/suspicious/noControlCharactersInRegex: git refuses them in names
const FORBIDDEN = /[\u0000-\u0020\u007f~^:?*[\\]|@\{|\.\.|\/\/|\/\.|\.lock(?:\/|$)/;

/** Whether git takes a name as a branch; names with a leading "-", and such that nobody could read, are refused as well. */
export function isBranchName(name: string): boolean {
  if (name === '' || name === '@' || name === 'HEAD' || name.length > LONGEST || FORBIDDEN.test(name)) return false;
  if (!name.isWellFormed() || Buffer.byteLength(name) > MOST_BYTES || UNSHOWN.test(name)) return false;
  return !/^[-./]|[./]$/.test(name);
}

/** Throws BRANCH_INVALID for what is no branch name: it must never reach git. */
export function checkBranchName(name: string): void {
  if (isBranchName(name)) return;
  const found = JSON.stringify(name.slice(0, LONGEST));
  throw new RegistryError('BRANCH_INVALID', `branch: found ${found}, expected a name that git takes as a branch`);
}
