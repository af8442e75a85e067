/** Git's and npm's own words, as a client or a log may see them. */
import { ApiError } from '../error.ts';
import type { GitAnswer } from './git.ts';

/** What must not be in them: secrets by value, folders of the host by the variable that names them. */
export type Hidden = ReadonlyMap<string, string>;

const LONGEST = 400;

/** Takes out what is hidden, and passwords of addresses; one line, in short. */
export function scrubbed(text: string, hidden: Hidden): string {
  const plain = [...hidden].reduce((words, [secret, name]) => words.replaceAll(secret, name), text);
  const safe = plain
    .replace(/([a-z]+:\/\/)[^\s/@]*@/gi, '$1')
    .replace(/\s+/g, ' ')
    .trim();
  return safe.length > LONGEST ? `${safe.slice(0, LONGEST)}…` : safe;
}

/** The refusal for a command that failed. */
export function gitFailed(what: string, { code, stderr }: GitAnswer, hidden: Hidden): ApiError {
  const found = scrubbed(stderr, hidden) || `exit code ${code}`;
  return new ApiError('GIT_FAILED', `git could not ${what}`, { found, expected: 'it to succeed' });
}
