/** Takes the body of an upload in: bounded in bytes and in time, never on a disk, and the sender always gets an answer. */
import { finished, PassThrough, type Readable, Transform, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { ApiError } from '../error.ts';

/** Bounds of one upload. */
export interface UploadLimits {
  /** Bytes as sent. */
  readonly bytes: number;
  /** Bytes after inflating. */
  readonly inflatedBytes: number;
  /** Inflated bytes for each sent one, judged after the first `ratioFrom`. */
  readonly ratio: number;
  readonly ratioFrom: number;
  /** Milliseconds for the whole body. */
  readonly ms: number;
}

/** Text inflates to some ten times its size; what inflates to a hundred times is no source code. */
export const UPLOAD_LIMITS: UploadLimits = Object.freeze({
  bytes: 4 * 1024 * 1024,
  inflatedBytes: 12 * 1024 * 1024,
  ratio: 100,
  ratioFrom: 1024 * 1024,
  ms: 20_000,
});

/**
 * Reads a body to its end. Throws `ApiError`: BODY_TOO_LARGE, UPLOAD_TIMED_OUT, ARCHIVE_INVALID (what claims to be gzip is not,
 * or ends early). The body itself is left open, so that an answer can still be sent over its connection.
 */
export async function receive(body: Readable, packing: 'gzip' | 'plain', limits: UploadLimits): Promise<Buffer> {
  const late = AbortSignal.timeout(limits.ms);
  const source = new PassThrough();
  // A pipe, not a pipeline: that would destroy the request together with the way for the answer.
  body.pipe(source);
  const forget = finished(body, { writable: false }, (error) => {
    if (error) source.destroy(error);
  });
  const sent = new Counter((bytes) => {
    if (bytes > limits.bytes) throw tooLarge(`more than ${limits.bytes} bytes`, `at most ${limits.bytes}`);
  });
  const inflated = new Counter((bytes) => {
    if (bytes > limits.inflatedBytes)
      throw tooLarge(`more than ${limits.inflatedBytes} bytes inflated`, `at most ${limits.inflatedBytes}`);
    if (bytes > limits.ratioFrom && bytes > sent.bytes * limits.ratio)
      throw tooLarge(`${limits.ratio} times its size inflated`, `at most ${limits.ratio} times`);
  });
  const chunks: Buffer[] = [];
  const sink = async (stream: AsyncIterable<Buffer>): Promise<void> => {
    for await (const chunk of stream) chunks.push(chunk);
  };
  try {
    const signal = { signal: late };
    if (packing === 'plain') await pipeline(source, sent, sink, signal);
    else await pipeline(source, sent, createGunzip({ rejectGarbageAfterEnd: true }), inflated, sink, signal);
    return Buffer.concat(chunks);
  } catch (error) {
    throw asApiError(error, late);
  } finally {
    forget();
    body.unpipe(source);
    // What is still on its way is let pass: a sender that is cut off would never read why.
    body.resume();
  }
}

function asApiError(error: unknown, late: AbortSignal): unknown {
  if (error instanceof ApiError) return error;
  if (late.aborted) return new ApiError('UPLOAD_TIMED_OUT', 'the upload did not arrive in time', { where: 'body' });
  const { code = '' } = error as NodeJS.ErrnoException;
  const details = { where: 'body', found: 'bytes that are no whole gzip', expected: 'a tar.gz' };
  if (/^Z_|^ERR__ZLIB|^ERR_TRAILING/.test(code))
    return new ApiError('ARCHIVE_INVALID', 'the upload is no archive', details);
  return new ApiError('ARCHIVE_INVALID', 'the upload broke off', { where: 'body', found: 'an end before its end' });
}

function tooLarge(found: string, expected: string): ApiError {
  return new ApiError('BODY_TOO_LARGE', 'the upload is too large', { where: 'body', found, expected });
}

/** Passes bytes on and judges their number at each chunk. */
class Counter extends Transform {
  bytes = 0;
  readonly #judge: (bytes: number) => void;

  constructor(judge: (bytes: number) => void) {
    super();
    this.#judge = judge;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.bytes += chunk.length;
    try {
      this.#judge(this.bytes);
      done(null, chunk);
    } catch (error) {
      done(error as Error);
    }
  }
}
