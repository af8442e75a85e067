import { closest, distance } from 'fastest-levenshtein';

const LONGEST = 128;

/** The candidate that a misspelt word probably means, if one is close enough. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  if (candidates.length === 0 || word.length > LONGEST) return undefined;
  const best = closest(word, candidates);
  return distance(word, best) <= Math.min(3, Math.floor(word.length / 2)) ? best : undefined;
}
