/** One attempt at an input, judged: by the target, and by what holds for every target. */
import { takeStrays, watchStrays } from './strays.ts';
import type { Bench, Input } from './target.ts';

/** Nothing that is tried takes this long on the busiest machine. */
const LIMIT_MS = 60_000;

/** What is wrong with an input; empty when nothing is. Never rejects. */
export async function faultsOf(bench: Bench, input: Input): Promise<readonly string[]> {
  watchStrays();
  const timer = Promise.withResolvers<readonly string[]>();
  const timeout = setTimeout(() => timer.resolve([`has not ended within ${LIMIT_MS} ms`]), LIMIT_MS);
  try {
    const faults = await Promise.race([bench.attempt(input), timer.promise]);
    // Rejections without a handler are reported after the microtasks.
    await new Promise((resolve) => setImmediate(resolve));
    return [...faults, ...takeStrays()];
  } catch (error) {
    return [error instanceof Error ? `${error.name}: ${error.message}` : String(error), ...takeStrays()];
  } finally {
    clearTimeout(timeout);
  }
}

/** A fault without what differs from one time to the next: numbers, ids, quoted texts. */
export function signatureOf(fault: string): string {
  return fault
    .replace(/[0-9a-f]{8,}(-[0-9a-f]+)*/gi, '#')
    .replace(/\d+(\.\d+)?/g, '#')
    .slice(0, 100);
}
