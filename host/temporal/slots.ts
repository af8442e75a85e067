/** How many activities a worker takes at once, those that only wait being many, and which steps of runs. */
import { setTimeout as sleep } from 'node:timers/promises';
import { getHeapStatistics } from 'node:v8';
import type {
  ActivitySlotInfo,
  CustomSlotSupplier,
  SlotPermit,
  SlotReserveContext,
  WorkflowSlotInfo,
} from '@temporalio/worker';
import type { Admission } from './admission.ts';

/** Taken whatever the memory is: a host that is short of it still works. */
const LEAST = 100;

/** Beyond this the heartbeats alone, one a second each, are too much for a Temporal server of two processors. */
const MOST = 2_000;

/** Part of its heap that a host may have in use and still take further activities. */
const HEAP_SHARE = 0.5;

/** How often a worker that is short of memory looks again. */
const LOOK_MS = 200;

/** Bounds of the slots; each has a default. */
export interface SlotBounds {
  readonly least?: number;
  readonly most?: number;
  /** Whether there is memory for one more. */
  readonly hasMemory?: () => boolean;
}

/**
 * Slots for activities. An activity that waits for a place of its tenant's keeps its slot, so there are as many as memory allows,
 * up to a bound: one tenant's must not take those of all others.
 */
export class ActivitySlots implements CustomSlotSupplier<ActivitySlotInfo> {
  readonly type = 'custom';
  readonly #bounds: Required<SlotBounds>;
  #taken = 0;

  constructor(bounds: SlotBounds = {}) {
    this.#bounds = { least: LEAST, most: MOST, hasMemory: hasHeap, ...bounds };
  }

  /** Resolves when there is one. Rejects when `signal` aborts. */
  async reserveSlot(context: SlotReserveContext, signal: AbortSignal): Promise<SlotPermit> {
    for (;;) {
      const permit = this.tryReserveSlot(context);
      if (permit) return permit;
      await sleep(LOOK_MS, undefined, { signal });
    }
  }

  tryReserveSlot(_context: SlotReserveContext): SlotPermit | null {
    const { least, most, hasMemory } = this.#bounds;
    if (this.#taken >= most || (this.#taken >= least && !hasMemory())) return null;
    this.#taken++;
    return {};
  }

  markSlotUsed(): void {}

  releaseSlot(): void {
    this.#taken--;
  }
}

/** Steps of runs that a worker takes at once; what the SDK gives by itself. */
const STEPS = 40;

/** How often a worker whose steps are all taken looks again. */
const STEP_MS = 5;

/**
 * Slots for the steps of runs. Those of runs that were begun here have a queue of their own, and are taken as they come; a run that is
 * not begun yet waits for its turn.
 */
export class StepSlots implements CustomSlotSupplier<WorkflowSlotInfo> {
  readonly type = 'custom';
  readonly #admission: Admission;
  #taken = 0;

  constructor(admission: Admission) {
    this.#admission = admission;
  }

  /** Resolves when there is one. Rejects when `signal` aborts. */
  async reserveSlot(context: SlotReserveContext, signal: AbortSignal): Promise<SlotPermit> {
    if (!context.isSticky) await this.#admission.wait(signal);
    while (this.#taken >= STEPS) await sleep(STEP_MS, undefined, { signal });
    this.#taken++;
    return {};
  }

  tryReserveSlot({ isSticky }: SlotReserveContext): SlotPermit | null {
    if (this.#taken >= STEPS || !(isSticky || this.#admission.take())) return null;
    this.#taken++;
    return {};
  }

  markSlotUsed(): void {}

  releaseSlot(): void {
    this.#taken--;
  }
}

function hasHeap(): boolean {
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
  return used < limit * HEAP_SHARE;
}
