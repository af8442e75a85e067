import { blake3 } from '@noble/hashes/blake3.js';
import { hexToBytes } from '@noble/hashes/utils.js';

/** What a seed is drawn for; each has a stream of its own, so that drawing from one leaves the other as it was. */
const STREAMS = { crypto: Uint8Array.of(1), math: Uint8Array.of(2) } as const;

/** 512 bytes at once: a block at a time would cost three times as much. */
const WORDS = 128;

/** Fills what it is given with the next bytes of the seed's stream: keyed BLAKE3 with extended output. */
export function createStream(seedHex: string, purpose: keyof typeof STREAMS): (out: Uint8Array) => void {
  const stream = blake3.create({ key: hexToBytes(seedHex) }).update(STREAMS[purpose]);
  return (out) => void stream.xofInto(out);
}

/** Numbers in [0, 1) with 53 random bits, from the run's seed. */
export function createRandom(seedHex: string): () => number {
  const fill = createStream(seedHex, 'math');
  const words = new Uint32Array(WORDS);
  const bytes = new Uint8Array(words.buffer);
  let used: number = WORDS;
  return () => {
    if (used === WORDS) {
      fill(bytes);
      used = 0;
    }
    const high = words[used++] ?? 0;
    const low = words[used++] ?? 0;
    return (high * 2 ** 21 + (low >>> 11)) / 2 ** 53;
  };
}
