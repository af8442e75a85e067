import { createHash } from 'node:crypto';

/** Random choices that a seed repeats (mulberry32): the same on every machine and in every version of Node. */
export class Random {
  #state: number;

  /** `seed`: any text. */
  constructor(seed: string) {
    this.#state = createHash('sha256').update(seed).digest().readUInt32LE(0);
  }

  /** A whole number from 0 to `count` - 1. */
  below(count: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * count);
  }

  /** One of a list. @throws when it is empty. */
  pick<T>(list: readonly T[]): T {
    if (list.length === 0) throw new Error('nothing to pick from');
    return list[this.below(list.length)] as T;
  }

  /** True so often: `share` from 0 to 1. */
  chance(share: number): boolean {
    return this.below(1_000_000) < share * 1_000_000;
  }

  /** From `least` to `most` results of `make`. */
  several<T>(least: number, most: number, make: () => T): T[] {
    return Array.from({ length: least + this.below(most - least + 1) }, make);
  }

  /** A text with one slice of it cut out, or put in twice, or one of its characters exchanged. */
  scratched(text: string): string {
    const at = this.below(text.length + 1);
    const end = Math.min(text.length, at + 1 + this.below(12));
    const part = text.slice(at, end);
    const put = this.pick(['', part + part, String.fromCharCode(this.below(128)), part.split('').reverse().join('')]);
    return text.slice(0, at) + put + text.slice(end);
  }
}
