import type { SupabaseClient } from '@supabase/supabase-js';
import { pack, unpack } from './packed.ts';
import { Reader, type Row } from './row.ts';
import { settle } from './settle.ts';

/** How the last run of a chore went. Times are ISO 8601. */
export interface ChoreOutcome {
  readonly startedAt: string;
  readonly endedAt: string;
  readonly outcome: 'succeeded' | 'failed';
  /** What it did, in words; null when there is nothing to say. */
  readonly result: string | null;
  /** Why it failed, in words that are safe to show. */
  readonly error: string | null;
  /** `schedule`, or who asked for it. */
  readonly startedBy: string;
  /** Name of the machine. */
  readonly host: string;
}

/** State of a chore that several hosts share. */
export interface ChoreState {
  readonly id: string;
  /** Counts the writes; 0: there is no row yet. */
  readonly version: number;
  /** Who runs it, as a word of the runner's own making; null: nobody does. */
  readonly claim: string | null;
  readonly claimedUntil: string | null;
  /** Time of the schedule that was taken last. */
  readonly slot: string | null;
  readonly last: ChoreOutcome | null;
}

/** Keeps the states of chores. Throws `STORE_UNAVAILABLE`. */
export interface ChoreStore {
  listChores(): Promise<readonly ChoreState[]>;
  /** Writes a state over the one of `state.version`. False when somebody has written since. */
  putChore(state: ChoreState): Promise<boolean>;
}

const TABLE = 'chores';

/** The table `chores`. */
export function choreTable(client: SupabaseClient): ChoreStore {
  return {
    async listChores() {
      const rows: readonly Row[] = settle(TABLE, await client.from(TABLE).select('*')) ?? [];
      return rows.map(readRow);
    },

    async putChore({ id, version, claim, claimedUntil, slot, last }) {
      const row = {
        id,
        version: version + 1,
        claim,
        claimed_until: claimedUntil,
        slot,
        last: last === null ? null : pack(last),
      };
      const once = { onConflict: 'id', ignoreDuplicates: true };
      const written =
        version === 0
          ? client.from(TABLE).upsert(row, once)
          : client.from(TABLE).update(row).eq('id', id).eq('version', version);
      return (settle(TABLE, await written.select('id')) ?? []).length > 0;
    },
  };
}

function readRow(row: Row): ChoreState {
  const columns = new Reader(TABLE, row);
  const last = columns.maybe('last');
  return {
    id: columns.text('id'),
    version: Number(row.version),
    claim: columns.maybe('claim'),
    claimedUntil: columns.maybeTime('claimed_until'),
    slot: columns.maybeTime('slot'),
    last: last === null ? null : (unpack(last) as ChoreOutcome),
  };
}
