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

function toPayload(value: unknown): unknown {
  if (value instanceof RawValue) return value.payload;
  if (value === undefined) return NULL;
  if (value instanceof Uint8Array)
    return { metadata: { encoding: { $u: 'binary/plain' } }, data: { $b: toBase64(value) } };
  let text: string | undefined;
  try {
    text = stringify(value);
  } catch {
    throw new ValueError(`Unable to convert ${String(value)} to payload`);
  }
  if (text === undefined) throw new ValueError(`Unable to convert ${typeof value} to payload`);
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
