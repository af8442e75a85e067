import { cut, defineProperty, hasOwn, PlainError, PlainRangeError, toText } from './primordials.ts';

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
  const outOfBuffers = thrown instanceof PlainRangeError && message === 'Array buffer allocation failed';
  return {
    code: outOfBuffers ? 'SCRIPT_MEMORY' : 'SCRIPT_ERROR',
    message: cut(text, MESSAGE_CHARS),
    stack: cut(field(error, 'stack') ?? '', STACK_CHARS),
    thrownCode: cut(ownCode(error), 64),
  };
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
  return { code: 'SCRIPT_ERROR', message: cut(message, MESSAGE_CHARS), stack: '', thrownCode: '' };
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
