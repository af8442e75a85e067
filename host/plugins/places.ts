/** How many uploads are in hand at once: each holds some tens of MiB, and a sender may take its time. */
import { ApiError } from '../error.ts';

/** Bounds of all uploads together. */
export interface PlaceLimits {
  readonly most: number;
  /** Of one tenant, or of the host. */
  readonly ofOne: number;
}

const LIMITS: PlaceLimits = Object.freeze({ most: 6, ofOne: 2 });

/** Places of a host for uploads. */
export class Places {
  readonly #limits: PlaceLimits;
  readonly #taken = new Map<string | null, number>();

  constructor(limits: PlaceLimits = LIMITS) {
    this.#limits = limits;
  }

  /** Takes a place until the work is over. Throws `RATE_LIMITED` when there is none: nobody waits with a body in hand. */
  async during<T>(tenant: string | null, work: () => Promise<T>): Promise<T> {
    const own = this.#taken.get(tenant) ?? 0;
    const all = [...this.#taken.values()].reduce((sum, each) => sum + each, 0);
    if (own >= this.#limits.ofOne || all >= this.#limits.most) throw full(own);
    this.#taken.set(tenant, own + 1);
    try {
      return await work();
    } finally {
      const left = (this.#taken.get(tenant) ?? 1) - 1;
      if (left > 0) this.#taken.set(tenant, left);
      else this.#taken.delete(tenant);
    }
  }
}

function full(own: number): ApiError {
  const found = `${own} of this tenant's in hand`;
  return new ApiError('RATE_LIMITED', 'too many uploads at once', {
    where: 'uploads',
    found,
    expected: 'one after the other',
  });
}
