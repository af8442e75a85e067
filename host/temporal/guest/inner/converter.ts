/**
 * Payloads inside the guest. Their bytes stay the text they are: QuickJS would take long over turning text into bytes and back.
 * What is text outside is a `Text` here, and the other way round.
 */
import { BinaryPayloadConverter, PayloadConverterError, RawValue, ValueError } from '@temporalio/common';

/** Bytes that are UTF-8 text. */
export class Text {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

interface GuestPayload {
  readonly metadata?: Record<string, Uint8Array | Text>;
  readonly data?: Uint8Array | Text;
}

const ENCODING = 'encoding';
const binary = new BinaryPayloadConverter();

function toPayload(value: unknown): unknown {
  if (value instanceof RawValue) return value.payload;
  if (value === undefined) return { metadata: { [ENCODING]: new Text('binary/null') } };
  if (value instanceof Uint8Array) return binary.toPayload(value);
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    throw new ValueError(`Unable to convert value to payload: ${String(error)}`);
  }
  if (text === undefined) throw new ValueError(`Unable to convert ${typeof value} to payload`);
  return { metadata: { [ENCODING]: new Text('json/plain') }, data: new Text(text) };
}

function fromPayload(payload: unknown): unknown {
  const { metadata, data } = payload as GuestPayload;
  const encoding = metadata?.[ENCODING];
  const name = encoding instanceof Text ? encoding.text : '';
  if (name === 'binary/null') return undefined;
  if (name === 'binary/plain') return data instanceof Text ? utf8(data.text) : (data ?? new Uint8Array(0));
  if (name === 'json/plain' && data instanceof Text) return JSON.parse(data.text);
  throw new PayloadConverterError(`Unknown encoding: ${name || 'none'}`);
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** As the SDK's own converter, for JSON, undefined and bytes. */
export const payloadConverter = { toPayload, fromPayload };
