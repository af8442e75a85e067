import type { Bundle, CodeStore } from '../../../registry/index.ts';

/** Bundles kept in memory. What is pushed out is read from the store again. */
const KEPT = 500;
/** See `sweepCode`: by far less than the age of what it removes. */
const TOUCH_AGAIN_MS = 24 * 60 * 60 * 1000;

/** Bundles of activities, by digest: out of memory, or the code store. */
export class Bundles {
  readonly #store: CodeStore;
  readonly #kept = new Map<string, { readonly bundle: Bundle; touchedAt: number }>();

  constructor(store: CodeStore) {
    this.#store = store;
  }

  /** Null when it is not in the store. Notes that it is used. */
  async get(digest: string): Promise<Bundle | null> {
    const kept = this.#kept.get(digest) ?? (await this.#read(digest));
    if (kept === null) return null;
    if (kept.touchedAt < Date.now() - TOUCH_AGAIN_MS) {
      kept.touchedAt = Date.now();
      await this.#store.touchCode(digest);
    }
    return kept.bundle;
  }

  async #read(digest: string): Promise<{ readonly bundle: Bundle; touchedAt: number } | null> {
    const code = await this.#store.getCode(digest);
    if (code?.kind !== 'bundle') return null;
    const kept = { bundle: { digest, ...(JSON.parse(code.body) as Omit<Bundle, 'digest'>) }, touchedAt: 0 };
    this.#kept.set(digest, kept);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > KEPT && oldest !== undefined) this.#kept.delete(oldest);
    return kept;
  }
}
