import type { SupabaseClient } from '@supabase/supabase-js';
import { pack, unpack } from './packed.ts';
import { Reader, type Row } from './row.ts';
import { settle } from './settle.ts';

/** What became of an event: see the table's own words. */
export type DeliveryState = 'claimed' | 'open' | 'started' | 'deduplicated';

/** One event of a trigger that was to start a run. */
export interface Delivery {
  /** Made of the trigger and the event; no JSON. */
  readonly id: string;
  readonly state: DeliveryState;
  /** ISO 8601. */
  readonly claimedAt: string;
  /** Temporal workflow id under which it is started, each time it is tried. */
  readonly workflowId: string;
  /** The request id of every try: Temporal takes one start under one request id once. */
  readonly requestId: string;
  /** Null until it is started. */
  readonly runId: string | null;
}

/** Events that were delivered. Calls may overlap, also from several processes. Every method throws `STORE_UNAVAILABLE`. */
export interface DeliveryStore {
  findDeliveries(ids: readonly string[]): Promise<readonly Delivery[]>;
  /** Ids of those that are claimed by this call alone; the others were there. */
  claimDeliveries(deliveries: readonly Delivery[]): Promise<ReadonlySet<string>>;
  /** Claims one again that was last claimed at `before`. False: somebody else was faster. */
  reclaimDelivery(delivery: Delivery, before: string): Promise<boolean>;
  /** Writes what became of events that this caller has claimed. */
  settleDeliveries(deliveries: readonly Delivery[]): Promise<void>;
  /** Forgets events that were claimed before a time (ISO 8601). */
  pruneDeliveries(before: string): Promise<void>;
}

const TABLE = 'webhook_deliveries';
/** Ids of one request: they stand in its address. */
const IDS = 50;

/** The table `webhook_deliveries`. */
export function deliveryTable(client: SupabaseClient): DeliveryStore {
  return {
    async findDeliveries(ids) {
      const found: Delivery[] = [];
      for (let from = 0; from < ids.length; from += IDS) {
        const some = ids.slice(from, from + IDS);
        const rows: readonly Row[] | null = settle(TABLE, await client.from(TABLE).select('*').in('id', some));
        found.push(...(rows ?? []).map(readRow));
      }
      return found;
    },

    async claimDeliveries(deliveries) {
      const once = { onConflict: 'id', ignoreDuplicates: true };
      const rows = settle(TABLE, await client.from(TABLE).upsert(deliveries.map(toRow), once).select('id'));
      return new Set((rows ?? []).map(({ id }) => String(id)));
    },

    async reclaimDelivery(delivery, before) {
      const change = toRow(delivery);
      const own = client.from(TABLE).update(change).eq('id', delivery.id).eq('claimed_at', before);
      return (settle(TABLE, await own.in('state', ['claimed', 'open']).select('id')) ?? []).length > 0;
    },

    async settleDeliveries(deliveries) {
      settle(TABLE, await client.from(TABLE).upsert(deliveries.map(toRow), { onConflict: 'id' }));
    },

    async pruneDeliveries(before) {
      settle(TABLE, await client.from(TABLE).delete().lt('claimed_at', before));
    },
  };
}

function toRow({ id, state, claimedAt, workflowId, requestId, runId }: Delivery) {
  return { id, state, claimed_at: claimedAt, claim: pack({ workflowId, requestId }), run_id: runId };
}

const STATES: readonly DeliveryState[] = ['claimed', 'open', 'started', 'deduplicated'];

function readRow(row: Row): Delivery {
  const reader = new Reader(TABLE, row);
  const { workflowId, requestId } = unpack(row.claim) as Pick<Delivery, 'workflowId' | 'requestId'>;
  return {
    id: reader.text('id'),
    state: STATES.find((each) => each === row.state) ?? 'open',
    claimedAt: reader.time('claimed_at'),
    workflowId,
    requestId,
    runId: reader.maybe('run_id'),
  };
}
