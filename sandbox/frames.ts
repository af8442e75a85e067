/** Frames of the pipe between host, cell and build process: four bytes of length (big endian), then JSON in UTF-8. */
import { moreValuesThan } from './depth.ts';
import { MAX_VALUES } from './limits.ts';

/** Largest frame either side accepts, bytes. */
export const MAX_FRAME = 16 * 1024 * 1024;

/** A frame that breaks the protocol; whoever sees one ends the other side. */
export class FrameError extends Error {
  override readonly name = 'FrameError';
}

/** One message as a frame. Throws `FrameError` when it is over the cap. */
export function encodeFrame(message: unknown): Buffer {
  const text = JSON.stringify(message);
  const size = Buffer.byteLength(text);
  if (size > MAX_FRAME) throw new FrameError(`a frame of ${size} bytes is over the cap of ${MAX_FRAME}`);
  const frame = Buffer.allocUnsafe(size + 4);
  frame.writeUInt32BE(size, 0);
  frame.write(text, 4);
  return frame;
}

/**
 * Cuts a byte stream into messages. `push` throws `FrameError` on an oversized or malformed frame and must not be called
 * again afterwards. It judges the announced length before it keeps a single byte of the body, and keeps one frame at most,
 * however small the pieces are in which it comes.
 */
export class FrameReader {
  readonly #max: number;
  readonly #maxValues: number;
  readonly #head = Buffer.alloc(4);
  #headHeld = 0;
  /** Of the announced length, for a frame that did not come in one piece. */
  #body: Buffer | null = null;
  #bodyHeld = 0;

  /** `maxValues`: infinite for what the host says, whose count would cost each cell five megabytes of compiled code. */
  constructor(max: number = MAX_FRAME, maxValues: number = MAX_VALUES) {
    this.#max = max;
    this.#maxValues = maxValues;
  }

  push(chunk: Buffer): unknown[] {
    const messages: unknown[] = [];
    for (let at = 0; at < chunk.length; ) {
      if (this.#body === null) {
        at += this.#fillHead(chunk, at);
        if (this.#headHeld < this.#head.length) break;
        const size = this.#announced();
        if (chunk.length - at < size) this.#expect(size);
        else {
          messages.push(this.#parse(chunk.subarray(at, at + size)));
          at += size;
        }
      } else {
        const taken = chunk.copy(this.#body, this.#bodyHeld, at);
        at += taken;
        this.#bodyHeld += taken;
        if (this.#bodyHeld < this.#body.length) break;
        messages.push(this.#parse(this.#body));
        this.#body = null;
      }
    }
    return messages;
  }

  #fillHead(chunk: Buffer, at: number): number {
    const taken = chunk.copy(this.#head, this.#headHeld, at);
    this.#headHeld += taken;
    return taken;
  }

  /** Reads the head, which is whole, and makes room for the next one. */
  #announced(): number {
    this.#headHeld = 0;
    const size = this.#head.readUInt32BE(0);
    if (size > this.#max) throw new FrameError(`a frame of ${size} bytes is over the cap of ${this.#max}`);
    return size;
  }

  #expect(size: number): void {
    this.#body = Buffer.allocUnsafe(size);
    this.#bodyHeld = 0;
  }

  #parse(body: Buffer): unknown {
    const text = body.toString('utf8');
    // A text has no more values than characters.
    if (text.length > this.#maxValues && moreValuesThan(text, this.#maxValues))
      throw new FrameError(`a frame has more than ${this.#maxValues} values`);
    try {
      return JSON.parse(text);
    } catch {
      throw new FrameError('a frame is not JSON');
    }
  }
}
