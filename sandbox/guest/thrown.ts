import { create, cut, defineProperty, hasOwn, isPlainRangeError, PlainError, toText } from './primordials.ts';

const MESSAGE_CHARS = 2048;
const STACK_CHARS = 16_384;

/** What a script threw, as text. */
export interface Thrown {
  readonly code: 'SCRIPT_ERROR' | 'SCRIPT_MEMORY';
  readonly message: string;
  readonly stack: string;
  readonly thrownCode: string;
}

/**
 * Turns whatever was thrown into text, inside the isolate and so under its time limit: `stack`, `name` and `message` of a
 * script's error may be getters that spin.
 */
export function describe(thrown: unknown): Thrown {
  if (typeof thrown !== 'object' && typeof thrown !== 'function') return plain(safeText(thrown));
  if (thrown === null) return plain('null');
  const error = thrown as Record<string, unknown>;
  const name = field(error, 'name');
  const message = field(error, 'message');
  const text = message === null ? `the script threw ${safeText(thrown)}` : prefixed(name, message);
  const outOfBuffers = message === 'Array buffer allocation failed' && isPlainRangeError(thrown);
  return asThrown(outOfBuffers ? 'SCRIPT_MEMORY' : 'SCRIPT_ERROR', text, field(error, 'stack') ?? '', ownCode(error));
}

/** Without a prototype, so that no `toJSON` of the script's has a say in it. */
function asThrown(code: Thrown['code'], message: string, stack: string, thrownCode: string): Thrown {
  const thrown: { -readonly [Key in keyof Thrown]: Thrown[Key] } = create(null);
  thrown.code = code;
  thrown.message = cut(message, MESSAGE_CHARS);
  thrown.stack = cut(stack, STACK_CHARS);
  thrown.thrownCode = cut(thrownCode, 64);
  return thrown;
}

/** An error as a script sees it when a call of a capability fails. */
export function callError(code: string, message: string): Error {
  const error = new PlainError(message);
  defineProperty(error, 'code', { value: code, enumerable: true, configurable: true, writable: true });
  return error;
}

function prefixed(name: string | null, message: string): string {
  return name === null || name === 'Error' || name === '' ? message : `${name}: ${message}`;
}

function plain(message: string): Thrown {
  return asThrown('SCRIPT_ERROR', message, '', '');
}

function field(error: Record<string, unknown>, key: string): string | null {
  try {
    const value = error[key];
    return value === undefined ? null : toText(value);
  } catch {
    return null;
  }
}

function ownCode(error: Record<string, unknown>): string {
  try {
    return hasOwn(error, 'code') && typeof error.code === 'string' ? error.code : '';
  } catch {
    return '';
  }
}

function safeText(value: unknown): string {
  try {
    return toText(value);
  } catch {
    return 'a value that has no text';
  }
}
