/** What a guest may name, for both sides of the wire. */

/** Activities of the host's own. */
export function isReservedActivity(name: string): boolean {
  return name.startsWith('cloister:');
}

/** True for a queue that is not the project's; an empty or absent one is. */
export function isForeignQueue(name: string | null | undefined, own: string): boolean {
  return typeof name === 'string' && name !== '' && name !== own;
}

/** Runs that have it are in no list. */
const HIDES = 'TemporalNamespaceDivision';

/** Names of search attributes and of the memo by which the host tells runs apart. */
export function isReservedLabel(name: string): boolean {
  return /^cloister/i.test(name) || name === 'codeDigest' || name === HIDES;
}
