/** A module, or a part of one, whose bytes are not what the binary format of WebAssembly allows, or which the meter does not know. */
export class WasmError extends Error {
  override name = 'WasmError';
}

/** Reads the binary format of WebAssembly from front to back. Throws WasmError where the bytes end too early. */
export class Reader {
  readonly #bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes;
    this.at = at;
  }

  get end(): number {
    return this.#bytes.length;
  }

  get done(): boolean {
    return this.at >= this.end;
  }

  byte(): number {
    const byte = this.#bytes[this.at];
    if (byte === undefined) throw new WasmError(`the bytes end at ${this.at}, in the middle of something`);
    this.at += 1;
    return byte;
  }

  /** An unsigned number of up to 32 bits (LEB128). */
  u32(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new WasmError(`the number at ${this.at} is longer than 32 bits`);
  }

  /** Passes over a LEB128 number of any size. */
  passNumber(): void {
    while (this.byte() >= 0x80);
  }

  /** Passes over bytes. */
  pass(count: number): void {
    if (count > this.end - this.at) throw new WasmError(`the bytes end at ${this.end}, in the middle of something`);
    this.at += count;
  }

  /** The next bytes, as a view. */
  take(count: number): Uint8Array {
    const from = this.at;
    this.pass(count);
    return this.#bytes.subarray(from, this.at);
  }

  /** All that is left, as a view. */
  rest(): Uint8Array {
    return this.take(this.end - this.at);
  }
}

/** Writes the binary format of WebAssembly into a buffer that grows. */
export class Writer {
  #bytes = new Uint8Array(1024);
  #length = 0;

  get written(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  add(bytes: ArrayLike<number>): void {
    const length = this.#length + bytes.length;
    if (length > this.#bytes.length) {
      const wider = new Uint8Array(Math.max(length, this.#bytes.length * 2));
      wider.set(this.written);
      this.#bytes = wider;
    }
    this.#bytes.set(bytes, this.#length);
    this.#length = length;
  }

  /** Bytes with their number before them, as the format writes sections, bodies and names. */
  sized(bytes: Uint8Array): void {
    this.add(unsigned(bytes.length));
    this.add(bytes);
  }
}

/** LEB128 of a whole number from 0 to 2^32 - 1. */
export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
  return bytes;
}

/** LEB128 of a signed whole number of up to 64 bits. */
export function signed(value: bigint): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest < -64n || rest > 63n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest & 0x7fn));
  return bytes;
}
