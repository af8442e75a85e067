/**
 * Lists of runs, newest first across all pages. Temporal's index has an order of its own (open runs, then by the time of their
 * end) and takes no other; but it finds exactly the runs that started since some time. A page is therefore looked for among the
 * runs since a time so chosen that there are enough of them: then none that belongs on the page can be missing.
 */

import type { Ask } from './ask.ts';
import { type Cursor, fromCursor, newestFirst, toCursor } from './cursor.ts';
import { badQuery } from './refusal.ts';
import type { RunSummary } from './view.ts';
import { type Indexed, isoTime, type RunFilter, readIndexed, visibilityQuery } from './visibility.ts';

/** Which runs to list. */
export interface ListRuns extends RunFilter {
  readonly limit: number;
  readonly cursor: string | null;
}

/** A page of runs. */
export interface RunPage {
  readonly runs: RunSummary[];
  readonly nextCursor: string | null;
}

/** The index may keep times less exactly than it tells them. */
const SLACK = 1_000_000n;
const MOST_ROWS = 1000;
/** Guesses that are remembered. */
const REMEMBERED = 500;

/** Lists runs. Remembers how far back the first pages reached: the next one of the same filter reaches no further. */
export class RunList {
  readonly #ask: Ask;
  readonly #namespace: string;
  readonly #reached = new Map<string, bigint>();

  constructor(ask: Ask, namespace: string) {
    this.#ask = ask;
    this.#namespace = namespace;
  }

  /** Rejects with `BODY_INVALID` for a cursor that is none. */
  async page({ limit, cursor: text, ...filter }: ListRuns): Promise<RunPage> {
    const cursor = text === null ? null : fromCursor(text);
    if (text !== null && cursor === null) throw badQuery('cursor', 'the nextCursor of an earlier answer');
    const query = visibilityQuery(filter);
    const since = cursor ? cursor.start - (cursor.width * 3n) / 2n - SLACK : (this.#reached.get(query) ?? null);
    const found = await this.#newest({ query, cursor, since, wanted: limit + 1 });
    const page = found.slice(0, limit);
    const last = page.at(-1);
    // One more than the page holds, so that the next time says by itself whether there is a further page.
    const further = found[limit];
    if (cursor === null && further) this.#remember(query, further.start);
    const width = (page[0]?.start ?? 0n) - (last?.start ?? 0n);
    return {
      runs: page.map(({ summary }) => summary),
      nextCursor: found.length > limit && last ? toCursor({ start: last.start, runId: last.runId, width }) : null,
    };
  }

  async #newest(search: Search & { readonly since: bigint | null; readonly wanted: number }): Promise<Indexed[]> {
    const { wanted } = search;
    let { since } = search;
    let rows = Math.min(wanted * 2, MOST_ROWS);
    for (let guesses = 0; ; guesses++) {
      const { found, isAll } = await this.#since(search, since, rows);
      if (isAll) {
        if (since === null || found.length >= wanted) return found;
        since = guesses === 0 ? since - (now(search.cursor) - since) * 63n : null;
        continue;
      }
      // At least `wanted` runs started since then, so that no older one belongs on the page.
      const enough = found[wanted - 1]?.start;
      if (enough !== undefined && (since === null || enough - SLACK > since)) since = enough - SLACK;
      else if (rows === MOST_ROWS) return this.#all(search, since);
      else rows = Math.min(rows * 4, MOST_ROWS);
    }
  }

  /** Those of the first `rows` entries that stand behind the cursor, in order. */
  async #since(search: Search, since: bigint | null, rows: number): Promise<{ found: Indexed[]; isAll: boolean }> {
    const { entries, token } = await this.#entries(search, since, rows, null);
    return { found: entries.sort(newestFirst), isAll: token === null };
  }

  /** Where a thousand runs started in one moment. */
  async #all(search: Search, since: bigint | null): Promise<Indexed[]> {
    const all: Indexed[] = [];
    let token: Uint8Array | null = null;
    do {
      const page: Entries = await this.#entries(search, since, MOST_ROWS, token);
      all.push(...page.entries);
      token = page.token;
    } while (token !== null);
    return all.sort(newestFirst);
  }

  async #entries({ query, cursor }: Search, since: bigint | null, pageSize: number, nextPageToken: Uint8Array | null) {
    const parts = [
      query,
      ...(cursor ? [`StartTime <= '${isoTime(cursor.start + SLACK)}'`] : []),
      ...(since === null ? [] : [`StartTime >= '${isoTime(since > 0n ? since : 0n)}'`]),
    ];
    const page = await this.#ask(({ workflowService }) =>
      workflowService.listWorkflowExecutions({
        namespace: this.#namespace,
        pageSize,
        query: parts.join(' AND '),
        nextPageToken,
      }),
    );
    const entries = page.executions.map(readIndexed);
    return {
      entries: cursor ? entries.filter((entry) => newestFirst(cursor, entry) < 0) : entries,
      token: page.nextPageToken?.length ? page.nextPageToken : null,
    };
  }

  #remember(query: string, start: bigint): void {
    this.#reached.delete(query);
    this.#reached.set(query, start - SLACK);
    const [oldest] = this.#reached.keys();
    if (this.#reached.size > REMEMBERED && oldest !== undefined) this.#reached.delete(oldest);
  }
}

interface Search {
  readonly query: string;
  readonly cursor: Cursor | null;
}

interface Entries {
  readonly entries: Indexed[];
  readonly token: Uint8Array | null;
}

function now(cursor: Cursor | null): bigint {
  return cursor?.start ?? BigInt(Date.now()) * 1_000_000n;
}
