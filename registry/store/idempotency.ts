import type { SupabaseClient } from '@supabase/supabase-js';
import { pack, unpack } from './packed.ts';
import { settle } from './settle.ts';

/** A start under an Idempotency-Key. */
export interface IdempotentStart {
  /** Made of the key and of who may use it. */
  readonly id: string;
  /** Digest of all that was asked for. */
  readonly fingerprint: string;
  /** Temporal workflow id that every attempt of this start uses. */
  readonly workflowId: string;
  /** ISO 8601. */
  readonly createdAt: string;
}

/** A start that was found, with its answer: JSON, or null while there is none. */
export interface FoundStart extends IdempotentStart {
  readonly answer: unknown;
}

/** Starts under an Idempotency-Key. Calls may overlap, also from several processes. Every method throws `STORE_UNAVAILABLE`. */
export interface IdempotencyStore {
  findIdempotent(id: string): Promise<FoundStart | null>;
  /** Of several that claim one id at once exactly one is told true. */
  claimIdempotent(start: IdempotentStart): Promise<boolean>;
  /** Keeps the first answer of a start, and gives the one that is kept. Null when the start is gone. */
  answerIdempotent(id: string, answer: unknown): Promise<unknown>;
  /** Forgets a start that has no answer. */
  releaseIdempotent(id: string): Promise<void>;
  /** Forgets starts that are older than `before` (ISO 8601). */
  pruneIdempotency(before: string): Promise<void>;
}

type Row = Readonly<Record<string, unknown>>;

const TABLE = 'idempotency_keys';
const COLUMNS = 'id,fingerprint,claim,answer,created_at';

/** The table `idempotency_keys`. */
export function idempotencyTable(client: SupabaseClient): IdempotencyStore {
  const find = async (id: string): Promise<FoundStart | null> => {
    const rows: readonly Row[] | null = settle(TABLE, await client.from(TABLE).select(COLUMNS).eq('id', id).limit(1));
    const row = rows?.[0];
    if (row === undefined) return null;
    const { workflowId } = unpack(row.claim) as { workflowId: string };
    return {
      id,
      fingerprint: String(row.fingerprint),
      workflowId,
      createdAt: new Date(String(row.created_at)).toISOString(),
      answer: row.answer === null ? null : unpack(row.answer),
    };
  };
  return {
    findIdempotent: find,

    async claimIdempotent({ id, fingerprint, workflowId, createdAt }) {
      const row = { id, fingerprint, claim: pack({ workflowId }), answer: null, created_at: createdAt };
      const once = { onConflict: 'id', ignoreDuplicates: true };
      return (settle(TABLE, await client.from(TABLE).upsert(row, once).select('id')) ?? []).length > 0;
    },

    async answerIdempotent(id, answer) {
      const first = client
        .from(TABLE)
        .update({ answer: pack(answer) })
        .eq('id', id)
        .is('answer', null);
      const kept = settle(TABLE, await first.select('id')) ?? [];
      return kept.length > 0 ? answer : ((await find(id))?.answer ?? null);
    },

    async releaseIdempotent(id) {
      settle(TABLE, await client.from(TABLE).delete().eq('id', id).is('answer', null));
    },

    async pruneIdempotency(before) {
      settle(TABLE, await client.from(TABLE).delete().lt('created_at', before));
    },
  };
}
