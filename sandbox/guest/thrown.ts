import { DETAILS_CHARS, MAX_CAUSES } from '../limits.ts';
import { isText, toJson } from './json.ts';
import {
  create,
  cut,
  defineProperty,
  hasOwn,
  isArray,
  isFiniteNumber,
  isPlainRangeError,
  PlainError,
  stringify,
  toText,
} from './primordials.ts';

const MESSAGE_CHARS = 2048;
const STACK_CHARS = 16_384;
const NAME_CHARS = 200;

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

/** What an activity threw, field by field; names as of `ThrownError`, `details` as JSON text. */
interface Fields {
  name: string;
  message: string;
  stack: string;
  nonRetryable: boolean;
  isBenign: boolean;
  type?: string | null;
  details?: string;
  nextRetryDelayMs?: number;
  cause?: Fields;
}

/** The text of what an activity threw, and of the causes under it. May run code of the script: only under the isolate's time limit. */
export function fieldsOf(thrown: unknown): string {
  return stringify(fields(thrown, MAX_CAUSES));
}

function fields(thrown: unknown, left: number): Fields {
  const told: Fields = create(null);
  told.name = '';
  told.stack = '';
  told.nonRetryable = false;
  told.isBenign = false;
  if (!isThing(thrown)) {
    told.message = cut(safeText(thrown), MESSAGE_CHARS);
    return told;
  }
  const message = field(thrown, 'message');
  told.name = cut(nameOf(thrown), NAME_CHARS);
  told.message = cut(message === null || message === '' ? safeText(thrown) : message, MESSAGE_CHARS);
  told.stack = cut(field(thrown, 'stack') ?? '', STACK_CHARS);
  told.nonRetryable = read(thrown, 'nonRetryable') === true;
  if (told.name === 'ApplicationFailure' || told.name === 'CancelledFailure') addFailure(told, thrown);
  const cause = read(thrown, 'cause');
  if (left > 1 && isThing(cause)) told.cause = fields(cause, left - 1);
  return told;
}

/** What the module `@temporalio/activity` puts on its failures. */
function addFailure(told: Fields, thrown: Record<string, unknown>): void {
  if (told.name === 'ApplicationFailure') {
    const type = field(thrown, 'type');
    told.type = type === null || type === 'null' ? null : cut(type, NAME_CHARS);
  }
  const details = read(thrown, 'details');
  if (isArray(details) && details.length > 0) {
    const json = toJson(details, DETAILS_CHARS);
    told.details = isText(json) ? json.text : stringify([`(details left out: ${json.why})`]);
  }
  const delay = read(thrown, 'nextRetryDelay');
  if (typeof delay === 'number' && isFiniteNumber(delay)) told.nextRetryDelayMs = delay;
  told.isBenign = read(thrown, 'category') === 'BENIGN';
}

/** A class without a name of its own says its class, as Temporal's own worker has it. */
function nameOf(error: Record<string, unknown>): string {
  const name = field(error, 'name');
  if (name !== null && name !== 'Error' && name !== '') return name;
  const made = read(error, 'constructor');
  const className = isThing(made) ? field(made, 'name') : null;
  return className || name || 'Error';
}

function isThing(value: unknown): value is Record<string, unknown> {
  return (typeof value === 'object' || typeof value === 'function') && value !== null;
}

function read(error: Record<string, unknown>, key: string): unknown {
  try {
    return error[key];
  } catch {
    return undefined;
  }
}
