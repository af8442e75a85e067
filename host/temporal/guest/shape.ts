/**
 * Shapes of the messages that a guest may send to Temporal. A message is made anew from the fields that its shape knows: a wrong
 * type would break the worker that encodes it, and an unknown field is none of a guest's business.
 */
import Long from 'long';
import { fromBase64 } from './wire.ts';

/** Reads one value; throws `ShapeError`. */
export type Shape<Value = unknown> = (value: unknown, where: string) => Value;

/** What a guest sent is no message of the SDK. */
export class ShapeError extends Error {}

const UINT32 = 2 ** 32;

/** Text; half a character would break the worker that passes it on. */
export const text: Shape<string> = (value, where) => {
  if (typeof value !== 'string') throw new ShapeError(`${where}: expected a text`);
  return value.toWellFormed();
};

/** How many bytes a text is for Temporal. */
export const size = (value: string): number => new TextEncoder().encode(value).length;

/** What Temporal takes for an id or a name, bytes. */
const MAX_LABEL = 1000;

/** A name or an id: not empty, and no longer than Temporal takes it. */
export const label: Shape<string> = (value, where) => {
  const found = text(value, where);
  if (found === '' || size(found) > MAX_LABEL) throw new ShapeError(`${where}: expected 1 to ${MAX_LABEL} bytes`);
  return found;
};

/** A number from 0 to 2^32 − 1. */
export const uint: Shape<number> = (value, where) => {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value >= UINT32) {
    throw new ShapeError(`${where}: expected a whole number`);
  }
  return value;
};

/** A finite number. */
export const float: Shape<number> = (value, where) => {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new ShapeError(`${where}: expected a number`);
  return value;
};

/** True or false. */
export const flag: Shape<boolean> = (value, where) => {
  if (typeof value !== 'boolean') throw new ShapeError(`${where}: expected true or false`);
  return value;
};

/** A 64-bit integer, as the wire has it. */
export const long: Shape<Long> = (value, where) => {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return Long.fromNumber(value);
  const { $l: digits } = record(value, where);
  if (typeof digits !== 'string' || !/^-?\d{1,20}$/.test(digits)) throw new ShapeError(`${where}: expected an integer`);
  return Long.fromString(digits);
};

/** Bytes, as the wire has them. */
export const bytes: Shape<Uint8Array> = (value, where) => {
  const { $u: utf8, $b: base64 } = record(value, where);
  if (typeof utf8 === 'string') return new TextEncoder().encode(utf8.toWellFormed());
  if (typeof base64 === 'string') return fromBase64(base64);
  throw new ShapeError(`${where}: expected bytes`);
};

/** Fields by name; absent and null ones are left out. */
export const fields = (shapes: Readonly<Record<string, Shape>>): Shape<Record<string, unknown>> => {
  const entries = Object.entries(shapes);
  return (value, where) => {
    const found = record(value, where);
    const made: Record<string, unknown> = {};
    for (const [name, shape] of entries) {
      const field = Object.hasOwn(found, name) ? found[name] : undefined;
      if (field !== undefined && field !== null) made[name] = shape(field, `${where}.${name}`);
    }
    return made;
  };
};

/** A list. */
export const list =
  <Value>(shape: Shape<Value>): Shape<Value[]> =>
  (value, where) => {
    if (!Array.isArray(value)) throw new ShapeError(`${where}: expected a list`);
    return value.map((each, at) => shape(each, `${where}[${at}]`));
  };

/** Values by names of the guest's own. */
export const map =
  <Value>(shape: Shape<Value>): Shape<Record<string, Value>> =>
  (value, where) => {
    const made: Record<string, Value> = {};
    for (const [name, each] of Object.entries(record(value, where))) {
      Object.defineProperty(made, name.toWellFormed(), {
        value: shape(each, `${where}.${name}`),
        enumerable: true,
        writable: true,
        configurable: true,
      });
    }
    return made;
  };

const seconds = fields({ seconds: long, nanos: uint });

/** A time span, not below zero. */
export const duration: Shape<Record<string, unknown>> = (value, where) => {
  const made = seconds(value, where);
  if ((made.seconds as Long | undefined)?.isNegative() || ((made.nanos as number | undefined) ?? 0) >= 1e9) {
    throw new ShapeError(`${where}: expected a duration from 0 on`);
  }
  return made;
};

function record(value: unknown, where: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ShapeError(`${where}: expected an object`);
  }
  return value as Record<string, unknown>;
}
