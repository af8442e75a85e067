import type { Ends } from '../contract.ts';
import type { Death } from '../death.ts';
import type { CellRing } from '../message.ts';

/** Counts what each ring has ended. */
export class Tally {
  readonly #rings: Record<CellRing, number> = { timeout: 0, heap: 0, watch: 0 };
  readonly #killed = { stuck: 0, memory: 0, kernel: 0, silent: 0, protocol: 0, catastrophe: 0, crash: 0 };

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
