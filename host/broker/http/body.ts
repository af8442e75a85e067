import type { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { CapabilityError } from '../capability.ts';

/** Encodings that `readBody` undoes, as a header value. */
export const ACCEPTED_ENCODINGS = 'gzip, deflate, br';

const decoders: ReadonlyMap<string, () => Transform> = new Map([
  ['gzip', createGunzip],
  ['x-gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress],
]);

/**
 * Reads a body to its end, inflated. Throws `TOO_LARGE` as soon as more than `maxBytes` have come out, however little went
 * in, or have gone in, however little came out; the stream, and so its socket, is destroyed then and on every other failure.
 * A body that is encoded twice is refused: nobody asked for it, and each layer multiplies (CVE-2026-22036).
 */
export async function readBody(stream: Readable, encoding: string | undefined, maxBytes: number): Promise<Buffer> {
  const gather = (source: AsyncIterable<Buffer>) => collect(source, maxBytes);
  const name = encoding?.trim().toLowerCase() ?? 'identity';
  if (name === '' || name === 'identity') return pipeline(stream, gather);
  const decoder = decoders.get(name);
  if (decoder === undefined) {
    discard(stream);
    throw new CapabilityError('UNAVAILABLE', 'the answer has an unknown content-encoding', 'HTTP_UNAVAILABLE');
  }
  const meter = (source: AsyncIterable<Buffer>) => metered(source, maxBytes);
  return pipeline(stream, meter, decoder(), gather);
}

/** Ends a body that nobody will read, and its socket. The error that this makes is the point, and nobody's news. */
export function discard(stream: Readable): void {
  stream.on('error', () => {}).destroy();
}

async function collect(source: AsyncIterable<Buffer>, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of metered(source, maxBytes)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function* metered(source: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<Buffer> {
  let size = 0;
  for await (const chunk of source) {
    size += chunk.length;
    if (size > maxBytes) throw new CapabilityError('TOO_LARGE', `the answer is larger than ${maxBytes} bytes`);
    yield chunk;
  }
}
