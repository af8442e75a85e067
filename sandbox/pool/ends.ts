import type { Ends } from '../contract.ts';
import type { Death } from '../death.ts';
import type { CellRing } from '../message.ts';

/** Counts what each ring has ended, and how often a cell knew the code of a run. */
export class Tally {
  readonly #rings: Record<CellRing, number> = { timeout: 0, heap: 0, watch: 0 };
  readonly #killed = { stuck: 0, memory: 0, kernel: 0, silent: 0, protocol: 0, catastrophe: 0, crash: 0 };

  readonly #codes = { hits: 0, misses: 0 };

  /** A run has begun with code that its cell has compiled before, or not. */
  countCode(isNew: boolean): void {
    this.#codes[isNew ? 'misses' : 'hits']++;
  }

  get codes(): { readonly hits: number; readonly misses: number } {
    return { ...this.#codes };
  }

  /** A run that a ring inside its cell has ended. */
  count(ring: CellRing): void {
    this.#rings[ring]++;
  }

  /** A cell that was ended, or ended by itself. One that was only given up does not count. */
  countDeath(death: Death): void {
    if (death !== 'retired') this.#killed[death]++;
  }

  get ends(): Ends {
    return { ...this.#rings, killed: { ...this.#killed } };
  }

  /** Processes in all. */
  get kills(): number {
    return Object.values(this.#killed).reduce((sum, count) => sum + count, 0);
  }
}
