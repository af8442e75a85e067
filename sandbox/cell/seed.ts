import { createHash, randomBytes } from 'node:crypto';
import type { RunInfo } from '../contract.ts';

/**
 * Seed of a run, 32 bytes in hex: random, or for a deterministic run made of its id and its activity, the same in every
 * attempt and on every host. Whoever knows those two knows the seed.
 */
export function seedOf({ deterministic, id, activity }: RunInfo): string {
  return deterministic ? hash(id, activity) : randomBytes(32).toString('hex');
}

/** Seed of the text that one call of a deterministic run evaluates. */
export function seedOfCall(runSeed: string, call: number): string {
  return hash(runSeed, call);
}

/** Of a JSON array, so that no two lists of parts are the same text. */
function hash(...parts: readonly (string | number)[]): string {
  return createHash('sha256')
    .update(JSON.stringify(['cloister:seed:1', ...parts]))
    .digest('hex');
}
