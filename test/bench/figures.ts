/** What the bench measures, as data; `table.ts` makes text of it. */

/** One line of the table. Each list has one value per round. */
export interface Figure {
  readonly what: string;
  readonly unit: 'ms' | 'MiB' | '×';
  /** The figure itself; of many calls, their median. */
  readonly rounds: readonly number[];
  /** The 99th percentile of each round's calls. */
  readonly tails?: readonly number[];
  /** Measurements in all. */
  readonly n: number;
  /** Ends up as two ratios: to the direct call, to Cloister's. */
  readonly isCall?: boolean;
  /** At most so much: of `rounds`, of `tails`. At least so much of `rounds`. */
  readonly goal?: { readonly median?: number; readonly tail?: number; readonly least?: number };
}

/** A line of the table without a figure. */
export interface Missing {
  readonly what: string;
  readonly reason: string;
}

/** A value over all rounds. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Nearest rank: the smallest value that at least `share` of all do not pass. Of at least one value. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  if (value === undefined) throw new Error('there is no percentile of nothing');
  return value;
}

/** Median, least and most. Of at least one value. */
export function spread(values: readonly number[]): Spread {
  return { median: percentile(values, 0.5), min: Math.min(...values), max: Math.max(...values) };
}

/** Milliseconds that `work` took. */
export async function timed(work: () => Promise<unknown> | unknown): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}
