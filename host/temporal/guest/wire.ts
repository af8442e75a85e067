/**
 * What crosses between the workflow VM and QuickJS: JSON text, nothing else. What JSON lacks stands as an object with one
 * key: `$l` a 64-bit integer, `$u` bytes that are UTF-8 text, `$b` other bytes as base64, `$d` a date.
 */
import Long from 'long';

/** Deepest nesting of what is written and read. */
const MAX_DEPTH = 200;

/** Writes a value of the outer side: messages of the SDK with their bytes and 64-bit integers. */
export function write(value: unknown): string {
  return JSON.stringify(plain(value, 0)) ?? 'null';
}

function plain(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return typeof value === 'bigint' ? Number(value) : value;
  if (depth > MAX_DEPTH) throw new TypeError('nested too deep');
  if (ArrayBuffer.isView(value)) return bytes(value as Uint8Array);
  if (Long.isLong(value)) return { $l: value.toString() };
  if (value instanceof Date) return { $d: value.getTime() };
  if (Array.isArray(value)) return value.map((each) => plain(each, depth + 1));
  const fields: Record<string, unknown> = {};
  for (const [name, each] of Object.entries(value)) {
    if (each !== undefined && each !== null && typeof each !== 'function') fields[name] = plain(each, depth + 1);
  }
  return fields;
}

function bytes(value: Uint8Array): unknown {
  const text = readUtf8(value);
  return text === null ? { $b: toBase64(value) } : { $u: text };
}

/** The text, or null where the bytes are none. */
function readUtf8(value: Uint8Array): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value);
  } catch {
    return null;
  }
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const VALUES: readonly number[] = Array.from({ length: 128 }, (_, code) =>
  Math.max(0, ALPHABET.indexOf(String.fromCharCode(code))),
);

/** Base64 of bytes: neither realm has one of its own. */
export function toBase64(value: Uint8Array): string {
  let text = '';
  for (let at = 0; at < value.length; at += 3) {
    const [a = 0, b = 0, c = 0] = value.subarray(at, at + 3);
    const left = value.length - at;
    text += ALPHABET.charAt(a >> 2) + ALPHABET.charAt(((a & 3) << 4) | (b >> 4));
    text += left > 1 ? ALPHABET.charAt(((b & 15) << 2) | (c >> 6)) : '=';
    text += left > 2 ? ALPHABET.charAt(c & 63) : '=';
  }
  return text;
}

/** Bytes of base64; a sign that is none counts as zero. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  const out = new Uint8Array(Math.max(0, Math.floor((text.length * 3) / 4) - padding));
  for (let at = 0, to = 0; at < text.length; at += 4, to += 3) {
    const value =
      ((VALUES[text.charCodeAt(at)] ?? 0) << 18) |
      ((VALUES[text.charCodeAt(at + 1)] ?? 0) << 12) |
      ((VALUES[text.charCodeAt(at + 2)] ?? 0) << 6) |
      (VALUES[text.charCodeAt(at + 3)] ?? 0);
    out[to] = value >> 16;
    if (to + 1 < out.length) out[to + 1] = value >> 8;
    if (to + 2 < out.length) out[to + 2] = value;
  }
  return out;
}
