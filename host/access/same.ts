/** Comparing what a caller shows with what it should. */
import { createHash, timingSafeEqual } from 'node:crypto';

/** Whether two texts are the same. Digests have one length, so that the comparison tells nothing about the secret's, and never throws. */
export function isSame(given: string, expected: string): boolean {
  return timingSafeEqual(digest(given), digest(expected));
}

const digest = (value: string): Buffer => createHash('sha256').update(value).digest();
