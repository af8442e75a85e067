/** Bundles that a cell keeps, characters. */
const MAX_HELD = 32 * 1024 * 1024;

/** The digests of the bundles that one cell holds. */
export class Held {
  readonly #sizes = new Map<string, number>();
  readonly #forget: (digest: string) => void;

  /** `forget` is called for each bundle that has to make room. */
  constructor(forget: (digest: string) => void) {
    this.#forget = forget;
  }

  /** True when the code has to be sent; makes room by dropping the longest held. */
  add(digest: string, code: string): boolean {
    const isNew = !this.#sizes.delete(digest);
    this.#sizes.set(digest, code.length);
    let total = 0;
    for (const size of this.#sizes.values()) total += size;
    for (const [old, size] of this.#sizes) {
      if (total <= MAX_HELD || old === digest) break;
      total -= size;
      this.#sizes.delete(old);
      this.#forget(old);
    }
    return isNew;
  }
}
