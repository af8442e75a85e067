/** Deliveries of a host without a database: remembered until it ends, and by this host alone. */
import type { Delivery, DeliveryStore } from '../../registry/index.ts';

/** The oldest go first. */
const KEPT = 10_000;

/** Makes an empty store. */
export function memoryDeliveries(): DeliveryStore {
  const kept = new Map<string, Delivery>();
  const put = (delivery: Delivery): void => {
    kept.delete(delivery.id);
    kept.set(delivery.id, delivery);
    const [oldest] = kept.keys();
    if (kept.size > KEPT && oldest !== undefined) kept.delete(oldest);
  };
  return {
    findDeliveries: async (ids) => ids.flatMap((id) => kept.get(id) ?? []),
    claimDeliveries: async (deliveries) => {
      const fresh = deliveries.filter(({ id }) => !kept.has(id));
      for (const each of fresh) put(each);
      return new Set(fresh.map(({ id }) => id));
    },
    reclaimDelivery: async (delivery, before) => {
      const found = kept.get(delivery.id);
      if (found?.claimedAt !== before || (found.state !== 'claimed' && found.state !== 'open')) return false;
      put(delivery);
      return true;
    },
    settleDeliveries: async (deliveries) => {
      for (const each of deliveries) put(each);
    },
    pruneDeliveries: async (before) => {
      for (const { id, claimedAt } of kept.values()) if (claimedAt < before) kept.delete(id);
    },
  };
}
