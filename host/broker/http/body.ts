import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import { CapabilityError } from '../capability.ts';

/** Encodings that `readBody` undoes, as a header value. */
export const ACCEPTED_ENCODINGS = 'gzip, deflate, br';

type Decoder = (bytes: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;

const decoders: ReadonlyMap<string, Decoder> = new Map([
  ['gzip', promisify(gunzip)],
  ['x-gzip', promisify(gunzip)],
  ['deflate', promisify(inflate)],
  ['br', promisify(brotliDecompress)],
]);

/**
 * Reads a body to its end, inflated. Throws `TOO_LARGE` as soon as more than `maxBytes` have come in or, however little that
 * was, have come out; the stream, and so its socket, is destroyed on every failure. A body that is encoded twice, or in a way
 * that nobody asked for, is refused: each layer multiplies (CVE-2026-22036).
 */
export async function readBody(stream: Readable, encoding: string | undefined, maxBytes: number): Promise<Buffer> {
  const name = encoding?.trim().toLowerCase() ?? '';
  const decoder = name === '' || name === 'identity' ? null : decoders.get(name);
  if (decoder === undefined) {
    discard(stream);
    throw new CapabilityError('UNAVAILABLE', 'the answer has an unknown content-encoding', 'HTTP_UNAVAILABLE');
  }
  const bytes = await pipeline(stream, (source: AsyncIterable<Buffer>) => collect(source, maxBytes));
  // An answer without body may name the encoding that it would have had.
  if (decoder === null || bytes.length === 0) return bytes;
  return decoder(bytes, { maxOutputLength: maxBytes }).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ERR_BUFFER_TOO_LARGE' ? tooLarge(maxBytes) : error;
  });
}

/** Ends a body that nobody will read, and its socket. The error that this makes is the point, and nobody's news. */
export function discard(stream: Readable): void {
  stream.on('error', () => {}).destroy();
}

async function collect(source: AsyncIterable<Buffer>, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of source) {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function tooLarge(maxBytes: number): CapabilityError {
  return new CapabilityError('TOO_LARGE', `the answer is larger than ${maxBytes} bytes`);
}
