/** Drives many cases, some of them at a time, so that each test waits for its own alone. */
import type { Case } from './case.ts';
import type { Pair, Stand } from './stand.ts';

/** Cases at once: they wait for timers more than they compute. */
const AT_ONCE = 8;

/** Begins to drive all cases; what came of each, in their order. */
export function driveAll(stand: Stand, cases: readonly Case[]): ReadonlyMap<Case, Promise<Pair>> {
  const lanes: Promise<unknown>[] = Array.from({ length: AT_ONCE }, () => Promise.resolve());
  const driven = cases.map((of, index) => {
    const pair = (lanes[index % AT_ONCE] ?? Promise.resolve()).then(() => stand.drive(of));
    lanes[index % AT_ONCE] = pair.catch(() => undefined);
    return [of, pair] as const;
  });
  return new Map(driven);
}
