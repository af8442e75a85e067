import { RegistryError } from '../errors.ts';

const LONGEST = 200;
// biome-ignore lint/suspicious/noControlCharactersInRegex: git refuses them in names
const FORBIDDEN = /[\u0000-\u0020\u007f~^:?*[\\]|@\{|\.\.|\/\/|\/\.|\.lock(?:\/|$)/;

/** Whether git takes a name as a branch; names with a leading "-" are refused as well. */
export function isBranchName(name: string): boolean {
  if (name === '' || name === '@' || name === 'HEAD' || name.length > LONGEST || FORBIDDEN.test(name)) return false;
  return !/^[-./]|[./]$/.test(name);
}

/** Throws BRANCH_INVALID for what is no branch name: it must never reach git. */
export function checkBranchName(name: string): void {
  if (isBranchName(name)) return;
  const found = JSON.stringify(name.slice(0, LONGEST));
  throw new RegistryError('BRANCH_INVALID', `branch: found ${found}, expected a name that git takes as a branch`);
}
