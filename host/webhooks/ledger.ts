/** Which events were delivered before, and what they led to: at-least-once senders deliver again. */
import type { Logger } from 'pino';
import type { Delivery, DeliveryStore } from '../../registry/index.ts';
import { ApiError } from '../error.ts';

/** How long an event is known again. */
const WINDOW_MS = 24 * 60 * 60 * 1000;
/** Longer than any start takes: whoever claimed an event earlier and did not say what became of it is gone. */
const CLAIM_MS = 60_000;
const PRUNE_MS = 60 * 60 * 1000;

/** What an event is started as. */
export type Planned = Pick<Delivery, 'id' | 'workflowId' | 'requestId'>;

/** Events by id. Calls may overlap, also from several hosts over one store. Every method rejects with `STORE_UNAVAILABLE`. */
export class Ledger {
  readonly #store: DeliveryStore;
  readonly #log: Logger;
  #pruneAt = Date.now() + PRUNE_MS;

  constructor(store: DeliveryStore, log: Logger) {
    this.#store = store;
    this.#log = log;
  }

  /** What is known of events. Rejects with `EVENT_IN_HAND` while somebody is at one of them. */
  async find(ids: readonly string[]): Promise<ReadonlyMap<string, Delivery>> {
    if (ids.length === 0) return new Map();
    const found = await this.#store.findDeliveries(ids);
    const oldest = isoAt(Date.now() - WINDOW_MS);
    const known = found.filter(({ claimedAt }) => claimedAt >= oldest);
    if (known.length < found.length || Date.now() > this.#pruneAt) await this.#prune(oldest);
    if (known.some(isInHand)) throw inHand();
    return new Map(known.map((each) => [each.id, each]));
  }

  /**
   * Claims events, those that are known and open among them. All or none: rejects with `EVENT_IN_HAND` when another host is at
   * one of them.
   */
  async claim(planned: readonly Planned[], known: ReadonlyMap<string, Delivery>): Promise<Delivery[]> {
    if (planned.length === 0) return [];
    const claimedAt = isoAt(Date.now());
    const claims = planned.map((each) => ({ ...each, state: 'claimed', claimedAt, runId: null }) satisfies Delivery);
    const fresh = claims.filter(({ id }) => !known.has(id));
    const ours = new Set(fresh.length === 0 ? [] : await this.#store.claimDeliveries(fresh));
    for (const claim of claims) {
      const before = known.get(claim.id);
      if (before && (await this.#store.reclaimDelivery(claim, before.claimedAt))) ours.add(claim.id);
    }
    if (ours.size === claims.length) return claims;
    await this.settle(claims.filter(({ id }) => ours.has(id)).map((each) => ({ ...each, state: 'open' })));
    throw inHand();
  }

  /** Writes what became of claimed events. */
  async settle(deliveries: readonly Delivery[]): Promise<void> {
    if (deliveries.length > 0) await this.#store.settleDeliveries(deliveries);
  }

  async #prune(oldest: string): Promise<void> {
    this.#pruneAt = Date.now() + PRUNE_MS;
    await this.#store.pruneDeliveries(oldest);
    this.#log.debug({ before: oldest }, 'forgot deliveries of webhooks');
  }
}

function isInHand({ state, claimedAt }: Delivery): boolean {
  return state === 'claimed' && claimedAt > isoAt(Date.now() - CLAIM_MS);
}

function inHand(): ApiError {
  return new ApiError('EVENT_IN_HAND', 'another delivery of the same event is being worked on');
}

const isoAt = (ms: number): string => new Date(ms).toISOString();
