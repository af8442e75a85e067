import type { Lane } from './lane.ts';
import type { Obstacle } from './wait.ts';

/**
 * A key that has had runs without a pause for this long takes no further ones until those have ended, when another key has
 * waited for as long.
 */
const TURN_MS = 250;

/** A run that waits is looked at this often: it may be time to say so. */
const WORD_MS = 500;

/** Keys that wait for a cell or for memory, in the order in which they came: nobody is passed, nobody starves. */
export class Line {
  readonly #lanes: ReadonlyMap<string, Lane>;
  #wordAt = 0;

  constructor(lanes: ReadonlyMap<string, Lane>) {
    this.#lanes = lanes;
  }

  /** Keys that have runs waiting, those that wait for the host first. */
  inOrder(): Lane[] {
    return [...this.#lanes.values()]
      .filter(({ queue }) => queue.length > 0)
      .sort((a, b) => (a.waitsSince ?? Number.POSITIVE_INFINITY) - (b.waitsSince ?? Number.POSITIVE_INFINITY));
  }

  /** What holds a key because of others that wait, null when it is its turn. A key that has runs keeps its turn for a while. */
  obstacle(lane: Lane, isBusy: boolean): Obstacle | null {
    if (lane.yields) return { limit: 'turn', text: 'the turn of other tenants that wait for a cell or for memory' };
    return isBusy ? null : (this.#ahead(lane)?.obstacle ?? null);
  }

  /** Called while there is work. Ends turns that are over, and has long waits told; true when a key may go on. */
  look(): boolean {
    const now = performance.now();
    if (now - this.#wordAt > WORD_MS) this.#say(now);
    const lanes = [...this.#lanes.values()];
    const isHeldForNow = lanes.some(({ obstacle }) => obstacle?.limit === 'cpu' || obstacle?.limit === 'memoryMb');
    const waiting = lanes.filter(({ waitsSince, yields }) => !yields && now - (waitsSince ?? now) > TURN_MS);
    const yielding = lanes.filter(({ yields }) => yields);
    if (waiting.length === 0) {
      for (const lane of yielding) lane.yields = false;
      return yielding.length > 0 || isHeldForNow;
    }
    const over = lanes
      .filter(
        ({ busySince, yields, waitsSince }) => !yields && waitsSince === null && now - (busySince ?? now) > TURN_MS,
      )
      .sort((a, b) => (a.busySince ?? 0) - (b.busySince ?? 0));
    for (const lane of over.slice(0, Math.max(0, waiting.length - yielding.length))) lane.yields = true;
    return isHeldForNow;
  }

  /** The key that has waited longest, if that is another one. */
  #ahead(lane: Lane): Lane | null {
    let first: Lane | null = null;
    for (const other of this.#lanes.values()) {
      if (other === lane || other.waitsSince === null || other.yields) continue;
      if (lane.waitsSince !== null && lane.waitsSince <= other.waitsSince) continue;
      if (first === null || other.waitsSince < (first.waitsSince ?? 0)) first = other;
    }
    return first;
  }

  #say(now: number): void {
    this.#wordAt = now;
    for (const { queue } of this.#lanes.values()) for (const job of queue) job.lookAtWait();
  }
}
