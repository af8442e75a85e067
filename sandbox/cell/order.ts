/**
 * In which order answers go to the script. As they come; or, for a deterministic run, in the order of its calls, so that it
 * does not depend on which of them was faster.
 */
export class Order {
  readonly #inOrder: boolean;
  readonly #early = new Map<number, string>();
  #next = 0;

  constructor(inOrder: boolean) {
    this.#inOrder = inOrder;
  }

  /** Takes the answer of one call; the answers whose turn it is, with the numbers of their calls. */
  take(call: number, text: string): readonly (readonly [number, string])[] {
    if (!this.#inOrder) return [[call, text]];
    this.#early.set(call, text);
    const due: [number, string][] = [];
    for (let ready = this.#early.get(this.#next); ready !== undefined; ready = this.#early.get(this.#next)) {
      this.#early.delete(this.#next);
      due.push([this.#next++, ready]);
    }
    return due;
  }
}
