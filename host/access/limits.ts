/** How often callers may call: counted in memory, per tenant or caller, and per address where nobody is known. */
import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible';
import type { Caller } from '../api/caller.ts';

/** What is counted apart, so that a flood of one leaves the others alone. */
export const COUNTED = ['reads', 'writes', 'starts'] as const;

/** One of them. `starts`: calls that start a run. */
export type Counted = (typeof COUNTED)[number];

/** How many calls there may be. */
export interface LimitRule extends Readonly<Record<Counted, number>> {
  /** The others are per second; these, of addresses without a good token, per minute. */
  readonly failures: number;
}

const FAILURE_SECONDS = 60;

/**
 * Limits of one host. Each tenant has its own counts, which all callers that are bound to it share; a caller of the host's own has its
 * own, and the developer on loopback has none.
 */
export class Limits {
  readonly #counters: Readonly<Record<Counted, RateLimiterMemory>>;
  readonly #failures: RateLimiterMemory;

  constructor({ reads, writes, starts, failures }: LimitRule) {
    const perSecond = (points: number) => new RateLimiterMemory({ points, duration: 1 });
    this.#counters = { reads: perSecond(reads), writes: perSecond(writes), starts: perSecond(starts) };
    this.#failures = new RateLimiterMemory({ points: failures, duration: FAILURE_SECONDS });
  }

  /** Counts a call. Milliseconds that the caller has to wait; 0: it may go on. */
  take(counted: Counted, { kind, tenant, name }: Caller): Promise<number> {
    if (kind === 'loopback') return Promise.resolve(0);
    return waitOf(this.#counters[counted], tenant === null ? `${kind} ${name}` : `tenant ${tenant}`);
  }

  /** Counts a call without a good token. Milliseconds as `take`. */
  fail(address: string): Promise<number> {
    return waitOf(this.#failures, address);
  }

  /** Whether an address has used up its failures. */
  async isSpent(address: string): Promise<boolean> {
    const found = await this.#failures.get(address);
    return found !== null && found.remainingPoints <= 0;
  }
}

async function waitOf(counter: RateLimiterMemory, key: string): Promise<number> {
  try {
    await counter.consume(key);
    return 0;
  } catch (refused) {
    if (refused instanceof Error) throw refused;
    return Math.max(1, (refused as RateLimiterRes).msBeforeNext);
  }
}
