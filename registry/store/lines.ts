import type { SupabaseClient } from '@supabase/supabase-js';
import { pack, unpack } from './packed.ts';
import { plainText } from './plain.ts';
import { same } from './same.ts';
import { settle } from './settle.ts';

/** One line that a script logged. */
export interface RunLine {
  /** UUID; a line that is written twice is kept once. */
  readonly id: string;
  readonly runId: string;
  readonly activity: string;
  readonly attempt: number;
  /** Orders the lines of a run. */
  readonly seq: number;
  /** ISO 8601. */
  readonly time: string;
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  /** JSON; null when there is none. */
  readonly data: unknown;
}

/** Which lines of a run. */
export interface LineQuery {
  readonly runId: string;
  /** Null: of all activities. */
  readonly activity: string | null;
  /** Lines after this `seq`. */
  readonly after: number;
  readonly atMost: number;
}

/** What scripts logged. Every method throws `STORE_UNAVAILABLE`. */
export interface LineStore {
  addLines(lines: readonly RunLine[]): Promise<void>;
  /** In the order in which they were logged. */
  listLines(query: LineQuery): Promise<readonly RunLine[]>;
  /** Forgets lines that are older than `before` (ISO 8601). */
  pruneLines(before: string): Promise<void>;
}

const TABLE = 'run_logs';

/** The table `run_logs`. */
export function lineTable(client: SupabaseClient): LineStore {
  return {
    async addLines(lines) {
      const rows = lines.map(({ id, runId, activity, attempt, seq, time, level, message, data }) => {
        const body = pack({ message, data });
        // Ids of a project's activities are its code's own.
        return { id, run_id: runId, activity: plainText(activity), attempt, seq, time, level, body };
      });
      settle(TABLE, await client.from(TABLE).upsert(rows, { onConflict: 'id', ignoreDuplicates: true }));
    },

    async listLines({ runId, activity, after, atMost }) {
      const all = client.from(TABLE).select('*').eq('run_id', runId).gt('seq', after);
      const own = activity === null ? all : all.filter('activity', 'in', same(activity));
      return (settle(TABLE, await own.order('seq').order('id').limit(atMost)) ?? []).map(readLine);
    },

    async pruneLines(before) {
      settle(TABLE, await client.from(TABLE).delete().lt('time', before));
    },
  };
}

function readLine(row: Readonly<Record<string, unknown>>): RunLine {
  const { message, data } = unpack(row.body) as Pick<RunLine, 'message' | 'data'>;
  return {
    id: String(row.id),
    runId: String(row.run_id),
    activity: String(row.activity),
    attempt: Number(row.attempt),
    seq: Number(row.seq),
    time: new Date(String(row.time)).toISOString(),
    level: row.level as RunLine['level'],
    message,
    data,
  };
}
