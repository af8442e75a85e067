import { ApplicationFailure } from '@temporalio/activity';

/** Fails the activity for good: what it was given is wrong, and no further attempt would find it otherwise. */
export function refuse(where: string, found: unknown, expected: string): never {
  throw ApplicationFailure.nonRetryable(`${where}: found ${shown(found)}, expected ${expected}`, 'ACTIVITY_ARGUMENT');
}

/** The input of an activity, member by member. */
export function members(activity: string, input: unknown): Record<string, unknown> {
  return isRecord(input) ? input : refuse(`${activity} input`, input, 'an object');
}

/** A text, not empty. */
export function text(where: string, value: unknown): string {
  return typeof value === 'string' && value !== '' ? value : refuse(where, value, 'text');
}

/** True for an object that is no list. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A value as it stands in a sentence. */
export function shown(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  const json = JSON.stringify(value);
  return json.length > 100 ? `${json.slice(0, 100)}…` : json;
}
