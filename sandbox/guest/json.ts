import { MAX_VALUES } from '../limits.ts';
import {
  contains,
  cut,
  getPrototypeOf,
  hasOwn,
  isArray,
  isFiniteNumber,
  isPlainRangeError,
  PlainMap,
  PlainPromise,
  PlainSet,
  stringify,
  textIn,
} from './primordials.ts';

/** Why a value is not the JSON that may cross. */
export type JsonFault = 'NOT_JSON' | 'TOO_DEEP' | 'TOO_LARGE';

/** Either the text or what is wrong with the value. */
export type JsonText = { readonly text: string } | { readonly fault: JsonFault; readonly why: string };

/** Whether it is the text. Asks for an own property: a script may have put one of that name on the prototype. */
export function isText(json: JsonText): json is { readonly text: string } {
  return hasOwn(json, 'text');
}

/**
 * A value as JSON text of at most `max` characters and `MAX_VALUES` values, by strict rules: nothing is lost in silence. Functions, symbols, bigints,
 * NaN and infinities, maps, sets, promises and cycles are faults; `undefined` is dropped from objects, is null in arrays and
 * as the whole value, as JSON.stringify and the spec have it. May run code of the script (`toJSON`, getters): call it only
 * under the isolate's time limit.
 */
export function toJson(value: unknown, max: number): JsonText {
  let isTooLarge = false;
  let values = 0;
  let why = '';
  const refuse = (key: string, what: string): never => {
    why = key === '' ? `${what} is not JSON` : `${what} at "${cut(key, 200)}" is not JSON`;
    throw null;
  };
  try {
    const text = stringify(value === undefined ? null : value, (key: string, part: unknown) => {
      if (++values > MAX_VALUES) throw null;
      const what = notJson(part);
      if (what !== null) refuse(key, what);
      const text = textIn(part);
      // Every entry of a list takes two characters at least.
      if (text !== null ? text.length > max : isArray(part) && part.length > max / 2) {
        isTooLarge = true;
        throw null;
      }
      return text ?? part;
    });
    if (typeof text !== 'string') return { fault: 'NOT_JSON', why: 'a value is not JSON' };
    return text.length > max ? { fault: 'TOO_LARGE', why: `${text.length} characters, at most ${max}` } : { text };
  } catch (error) {
    if (values > MAX_VALUES) return { fault: 'TOO_LARGE', why: `at most ${MAX_VALUES} values and ${max} characters` };
    if (isTooLarge) return { fault: 'TOO_LARGE', why: `a string or list is longer than ${max} characters` };
    if (why !== '') return { fault: 'NOT_JSON', why };
    return ofError(error);
  }
}

function notJson(part: unknown): string | null {
  switch (typeof part) {
    case 'function':
      return 'a function';
    case 'symbol':
      return 'a symbol';
    case 'bigint':
      return 'a bigint';
    case 'number':
      return isFiniteNumber(part) ? null : 'NaN or an infinity';
    case 'object':
      return part === null ? null : notPlain(part);
    default:
      return null;
  }
}

function notPlain(part: object): string | null {
  const prototype = getPrototypeOf(part);
  if (prototype === PlainPromise.prototype) return 'a promise (a missing await?)';
  return prototype === PlainMap.prototype || prototype === PlainSet.prototype ? 'a Map or Set' : null;
}

function ofError(error: unknown): JsonText {
  if (isPlainRangeError(error)) {
    const text = `${(error as Error).message}`;
    if (contains(text, 'string length')) return { fault: 'TOO_LARGE', why: 'the text is too long' };
    return { fault: 'TOO_DEEP', why: 'nested too deep' };
  }
  return { fault: 'NOT_JSON', why: 'a cycle, or a toJSON that throws' };
}
