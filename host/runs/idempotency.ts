/**
 * Starts under an Idempotency-Key: the same key and request give the same run and answer, whichever host is asked, also when two
 * ask at once or the host dies between. The key is claimed in the registry's table with the workflow id to use; Temporal itself
 * takes one start under one request id once. Without a database Temporal alone remembers: ids are derived from the key.
 */
import { createHash, randomUUID } from 'node:crypto';
import { canonicalJson, type FoundStart, type IdempotencyStore } from '../../registry/index.ts';
import { ApiError } from '../error.ts';

/** A start that must happen once. */
export interface Keyed {
  /** Digest of the key and of who may use it. */
  readonly id: string;
  /** Digest of all that was asked for. */
  readonly fingerprint: string;
}

/** How one attempt of a keyed start asks Temporal. */
export interface Attempt {
  readonly workflowId: string;
  readonly requestId: string;
  /** Temporal's memo of the run: which key, and what was asked for. */
  readonly mark: string;
  /** The workflow id is this start's own: a closed run under it is its run. */
  readonly once: boolean;
}

/** An answer as it was first given. */
export interface KeptAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** A run as Temporal remembers it: its `mark`, and the ids. */
export type Remembered = (workflowId: string) => Promise<{ readonly mark: string; readonly body: unknown } | null>;

const KEPT_MS = 24 * 60 * 60 * 1000;

/** Of the key of a caller (its tenant; null: the host's own) and what is asked for. */
export function keyedBy(tenant: string | null, key: string, asked: unknown): Keyed {
  return { id: sha256(canonicalJson([tenant, key])), fingerprint: sha256(canonicalJson(asked)) };
}

/** Knows which keyed starts there were. */
export class KeyedStarts {
  readonly #store: IdempotencyStore | null;
  readonly #remembered: Remembered;

  constructor(store: IdempotencyStore | null, remembered: Remembered) {
    this.#store = store;
    this.#remembered = remembered;
  }

  /** The answer of an earlier start, or null. Rejects with `IDEMPOTENCY_CONFLICT` when something else was asked for then. */
  async find(keyed: Keyed, workflowId: string | null): Promise<KeptAnswer | null> {
    if (this.#store === null) return this.#recall(keyed, workflowId ?? uuidOf(keyed.id));
    const found = await this.#found(this.#store, keyed);
    return (found?.answer ?? null) as KeptAnswer | null;
  }

  /** Claims the key, or joins those who did. `workflowId` null: one is made. Rejects as `find` does. */
  async claim(keyed: Keyed, workflowId: string | null): Promise<Attempt> {
    const { id, fingerprint } = keyed;
    const mark = `${id} ${fingerprint}`;
    if (this.#store === null) {
      return { workflowId: workflowId ?? uuidOf(id), requestId: sha256(mark), mark, once: workflowId === null };
    }
    const start = { id, fingerprint, workflowId: workflowId ?? randomUUID(), createdAt: new Date().toISOString() };
    const isOurs = await this.#store.claimIdempotent(start);
    const claimed = isOurs ? start : ((await this.#found(this.#store, keyed)) ?? start);
    const requestId = sha256(`${mark} ${claimed.createdAt}`);
    return { workflowId: claimed.workflowId, requestId, mark, once: workflowId === null };
  }

  /** Keeps the first answer, and gives the one that is kept. */
  async answer({ id }: Keyed, answer: KeptAnswer): Promise<KeptAnswer> {
    if (this.#store === null) return answer;
    return ((await this.#store.answerIdempotent(id, answer)) ?? answer) as KeptAnswer;
  }

  /** Lets go of a claim that came to nothing, so that the mended request may use the key. */
  async release({ id }: Keyed): Promise<void> {
    await this.#store?.releaseIdempotent(id);
  }

  async #found(store: IdempotencyStore, { id, fingerprint }: Keyed): Promise<FoundStart | null> {
    const found = await store.findIdempotent(id);
    if (found === null) return null;
    const oldest = new Date(Date.now() - KEPT_MS).toISOString();
    if (found.createdAt < oldest) {
      await store.pruneIdempotency(oldest);
      return null;
    }
    if (found.fingerprint !== fingerprint) throw conflict();
    return found;
  }

  async #recall({ id, fingerprint }: Keyed, workflowId: string): Promise<KeptAnswer | null> {
    const found = await this.#remembered(workflowId);
    const [key, asked] = found?.mark.split(' ') ?? [];
    if (found === null || key !== id) return null;
    if (asked !== fingerprint) throw conflict();
    return { status: 202, body: found.body };
  }
}

/** Refusal of a key that was used for something else. */
export function conflict(): ApiError {
  return new ApiError('IDEMPOTENCY_CONFLICT', 'this key was used for another request', {
    where: 'header idempotency-key',
    found: 'a key in use',
    expected: 'another key, or the same request as before',
  });
}

/** The request's key, checked; null when there is none. */
export function keyOf(header: unknown): string | null {
  if (header === undefined) return null;
  if (typeof header === 'string' && /^[\x20-\x7e]{1,255}$/.test(header)) return header;
  throw new ApiError('IDEMPOTENCY_KEY_INVALID', 'the idempotency key is not valid', {
    where: 'header idempotency-key',
    found: typeof header === 'string' ? `${header.length} characters` : 'several',
    expected: '1 to 255 printable ASCII characters',
  });
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** A UUID of version 8 out of a digest. */
function uuidOf(digest: string): string {
  const variant = '89ab'[Number.parseInt(digest[16] ?? '0', 16) % 4];
  return [
    digest.slice(0, 8),
    digest.slice(8, 12),
    `8${digest.slice(13, 16)}`,
    `${variant}${digest.slice(17, 20)}`,
    digest.slice(20, 32),
  ].join('-');
}
