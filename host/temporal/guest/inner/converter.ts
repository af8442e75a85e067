/**
 * Payloads inside the guest. Their bytes stay as the wire has them, `{ $u }` for text: QuickJS would take long over turning text into bytes and
 * back, and nothing in between looks at them.
 */
import { PayloadConverterError, RawValue, ValueError } from '@temporalio/common';
import { fromBase64, toBase64 } from '../wire.ts';

/** Bytes on the wire. */
interface WireBytes {
  readonly $u?: string;
  readonly $b?: string;
}

interface WirePayload {
  readonly metadata?: Readonly<Record<string, WireBytes>>;
  readonly data?: WireBytes;
}

const NULL: WirePayload = { metadata: { encoding: { $u: 'binary/null' } } };
const { parse, stringify } = JSON;
const MAX_DEPTH = 100;
const MAX_PATH = 200;

/** What cannot be written as JSON. */
export class NotJson extends ValueError {
  /** What stands in the way, and where: `a bigint at "lines[2].price"`. */
  readonly found: string;

  constructor(value: unknown) {
    const isWhole = typeof value === 'function' || typeof value === 'symbol';
    // In the SDK's own words: guest code may look at them.
    super(`Unable to convert ${isWhole ? typeof value : String(value)} to payload`);
    this.found = culprit(value, '', []) ?? 'what JSON cannot say';
  }
}

/** The first thing in a value that JSON cannot say; null where all is well, or too deep to tell. */
function culprit(value: unknown, path: string, above: readonly unknown[]): string | null {
  const at = path === '' ? '' : ` at "${path.slice(0, MAX_PATH)}"`;
  if (typeof value === 'bigint') return `a bigint${at}`;
  if (path === '' && (typeof value === 'function' || typeof value === 'symbol')) return `a ${typeof value}`;
  if (typeof value !== 'object' || value === null) return null;
  if (above.includes(value)) return `a cycle${at}`;
  if (above.length > MAX_DEPTH) return `what is nested too deep${at}`;
  const inside = [...above, value];
  try {
    const { toJSON: written } = value as { readonly toJSON?: unknown };
    if (typeof written === 'function') return culprit(written.call(value, ''), path, inside);
    for (const [name, each] of Object.entries(value)) {
      const step = Array.isArray(value) ? `[${name}]` : `${path && '.'}${name}`;
      const found = culprit(each, path + step, inside);
      if (found !== null) return found;
    }
    return null;
  } catch {
    return `a toJSON or a getter that throws${at}`;
  }
}

function toPayload(value: unknown): unknown {
  if (value instanceof RawValue) return value.payload;
  if (value === undefined) return NULL;
  if (value instanceof Uint8Array)
    return { metadata: { encoding: { $u: 'binary/plain' } }, data: { $b: toBase64(value) } };
  let text: string | undefined;
  try {
    text = stringify(value);
  } catch {
    throw new NotJson(value);
  }
  if (text === undefined) throw new NotJson(value);
  return { metadata: { encoding: { $u: 'json/plain' } }, data: { $u: text } };
}

function fromPayload(payload: unknown): unknown {
  const { metadata, data } = payload as WirePayload;
  const encoding = metadata?.encoding?.$u;
  if (encoding === 'json/plain') return parse(data?.$u ?? '');
  if (encoding === 'binary/null') return undefined;
  if (encoding === 'binary/plain') return bytesOf(data ?? {});
  throw new PayloadConverterError(`Unknown encoding: ${encoding ?? 'none'}`);
}

/** The bytes themselves. */
export function bytesOf({ $u: text, $b: base64 }: WireBytes): Uint8Array {
  return text === undefined ? fromBase64(base64 ?? '') : new TextEncoder().encode(text);
}

/** As the SDK's own converter, for JSON, undefined and bytes. */
export const payloadConverter = { toPayload, fromPayload };
