import { sha1 } from '@noble/hashes/legacy.js';
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { createStream } from './random.ts';

const DIGESTS = Object.freeze({ 'SHA-1': sha1, 'SHA-256': sha256, 'SHA-384': sha384, 'SHA-512': sha512 });

const MAX_RANDOM_BYTES = 65_536;

/**
 * `crypto.getRandomValues`, `randomUUID` and `subtle.digest`. The seed is 32 bytes: random for an ordinary run, derived from
 * run and activity for a deterministic one, so that its ids come out the same in every attempt.
 */
export function createCrypto(seedHex: string): Record<string, unknown> {
  const fill = createStream(seedHex, 'crypto');
  const crypto = {
    getRandomValues<T extends ArrayBufferView>(view: T): T {
      const isInteger =
        ArrayBuffer.isView(view) && /^\[object (Big)?(Ui|I)nt/.test(Object.prototype.toString.call(view));
      if (!isInteger) throw new DOMException('getRandomValues takes an integer typed array', 'TypeMismatchError');
      if (view.byteLength > MAX_RANDOM_BYTES) {
        throw new DOMException(`at most ${MAX_RANDOM_BYTES} bytes at once`, 'QuotaExceededError');
      }
      fill(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
      return view;
    },

    randomUUID(): string {
      const bytes = new Uint8Array(16);
      fill(bytes);
      bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
      bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
      return bytesToHex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
    },

    subtle: Object.freeze({
      async digest(algorithm: string | { name: string }, data: ArrayBuffer | ArrayBufferView): Promise<ArrayBuffer> {
        const name = `${typeof algorithm === 'string' ? algorithm : algorithm.name}`.toUpperCase();
        if (!Object.hasOwn(DIGESTS, name)) throw new DOMException(`unknown digest ${name}`, 'NotSupportedError');
        return DIGESTS[name as keyof typeof DIGESTS](bytesOf(data)).slice().buffer;
      },
    }),
  };
  return { crypto: Object.freeze(crypto) };
}

function bytesOf(data: ArrayBuffer | ArrayBufferView): Uint8Array {
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return new Uint8Array(data);
}
