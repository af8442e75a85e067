/** Frames of the pipe between host, cell and build process: four bytes of length (big endian), then JSON in UTF-8. */
import { moreValuesThan } from './depth.ts';

/** Largest frame either side accepts, bytes. */
export const MAX_FRAME = 16 * 1024 * 1024;

/**
 * Most values in one frame. What is large in a frame are texts; millions of values would hold the reader's thread for the better
 * part of a second.
 */
const MAX_VALUES = 100_000;

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
 * again afterwards. It judges the announced length before it keeps a single byte of the body.
 */
export class FrameReader {
  readonly #max: number;
  #chunks: Buffer[] = [];
  #held = 0;

  constructor(max: number = MAX_FRAME) {
    this.#max = max;
  }

  push(chunk: Buffer): unknown[] {
    this.#chunks.push(chunk);
    this.#held += chunk.length;
    const messages: unknown[] = [];
    for (let body = this.#next(); body !== null; body = this.#next()) messages.push(parseBody(body));
    return messages;
  }

  #next(): Buffer | null {
    const size = this.#announced();
    if (size === null || this.#held < size + 4) return null;
    const all = this.#joined();
    this.#chunks = all.length > size + 4 ? [all.subarray(size + 4)] : [];
    this.#held -= size + 4;
    return all.subarray(4, size + 4);
  }

  #announced(): number | null {
    if (this.#held < 4) return null;
    const [first] = this.#chunks;
    const size = (first !== undefined && first.length >= 4 ? first : this.#joined()).readUInt32BE(0);
    if (size > this.#max) throw new FrameError(`a frame of ${size} bytes is over the cap of ${this.#max}`);
    return size;
  }

  #joined(): Buffer {
    const all = this.#chunks.length === 1 && this.#chunks[0] ? this.#chunks[0] : Buffer.concat(this.#chunks);
    this.#chunks = [all];
    return all;
  }
}

function parseBody(body: Buffer): unknown {
  const text = body.toString('utf8');
  if (text.length > MAX_VALUES && moreValuesThan(text, MAX_VALUES))
    throw new FrameError(`a frame has more than ${MAX_VALUES} values`);
  try {
    return JSON.parse(text);
  } catch {
    throw new FrameError('a frame is not JSON');
  }
}
