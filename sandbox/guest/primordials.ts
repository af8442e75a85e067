/**
 * What the bridge needs of the language, captured before a line of the script runs: a script may put anything it likes on
 * the prototypes afterwards. Code of the bridge uses these, own properties and objects without prototype, nothing else.
 */
/** Of `Reflect`. */
export const { apply, construct, defineProperty, deleteProperty, getOwnPropertyDescriptor, getPrototypeOf, ownKeys } =
  Reflect;
/** Of `Object`. */
export const { create, freeze, hasOwn } = Object;
/** Of `Array`. */
export const { isArray } = Array;
/** Of `Number`. */
export const { isFinite: isFiniteNumber } = Number;
/** Of `JSON`. */
export const { parse, stringify } = JSON;
/** Of the realm as it was made. */
export const {
  Error: PlainError,
  RangeError: PlainRangeError,
  TypeError: PlainTypeError,
  Promise: PlainPromise,
  String: toText,
  Map: PlainMap,
  Set: PlainSet,
} = globalThis;

const then = Promise.prototype.then;
const slice = String.prototype.slice;
const includes = String.prototype.includes;
const textOf = String.prototype.valueOf;

/** `promise.then(onValue, onError)` of the language itself. */
export function whenSettled<T>(
  promise: Promise<T>,
  onValue: (value: T) => void,
  onError: (reason: unknown) => void,
): void {
  apply(then, promise, [onValue, onError]);
}

/** The first `length` characters. */
export function cut(text: string, length: number): string {
  return text.length > length ? `${apply(slice, text, [0, length])}` : text;
}

/** The text of a string or String object, null of anything else. Of the latter the serializer would ask for it unseen. */
export function textIn(value: unknown): string | null {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null || !hasOwn(value, 'length') || isArray(value)) return null;
  try {
    return apply(textOf, value, []) as string;
  } catch {
    return null;
  }
}

/** Whether `text` contains `part`. */
export function contains(text: string, part: string): boolean {
  return apply(includes, text, [part]) === true;
}

/** Whether it is a RangeError of the language itself. Asks no code of the script's but a proxy's, which may throw. */
export function isPlainRangeError(error: unknown): error is Error {
  try {
    return typeof error === 'object' && error !== null && getPrototypeOf(error) === PlainRangeError.prototype;
  } catch {
    return false;
  }
}
