import type { Bundle, ThrownError } from './contract.ts';
import { deeperThan, moreValuesThan } from './depth.ts';
import { DETAILS_CHARS, MAX_CAUSES, MAX_DEPTH, MAX_VALUES, MESSAGE_CHARS } from './limits.ts';
import { mapStack } from './stack.ts';

const NAME_CHARS = 200;

/** Longest wait before the next attempt that a script may ask for, milliseconds: a year. */
const LONGEST_WAIT_MS = 366 * 24 * 60 * 60 * 1000;

/** What an activity threw, out of the text that its cell told: checked, cut to size, stacks mapped. Null when it is not of that form. */
export function readThrown(text: string, bundle: Bundle): ThrownError | null {
  if (deeperThan(text, MAX_DEPTH) || moreValuesThan(text, MAX_VALUES)) return null;
  try {
    return read(JSON.parse(text), bundle, MAX_CAUSES);
  } catch {
    return null;
  }
}

function read(value: unknown, bundle: Bundle, left: number): ThrownError | null {
  if (typeof value !== 'object' || value === null || left === 0) return null;
  const { name, message, stack, nonRetryable, type, details, nextRetryDelayMs, isBenign, cause } = value as Record<
    string,
    unknown
  >;
  if (typeof name !== 'string' || typeof message !== 'string') return null;
  const mapped = typeof stack === 'string' ? mapStack(stack, bundle) : undefined;
  const list = typeof details === 'string' && details.length <= DETAILS_CHARS ? parseList(details) : null;
  const under = cause === undefined ? null : read(cause, bundle, left - 1);
  return {
    name: cut(name, NAME_CHARS),
    message: cut(message, MESSAGE_CHARS),
    ...(mapped !== undefined && { stack: mapped }),
    nonRetryable: nonRetryable === true,
    ...(type === null && { type }),
    ...(typeof type === 'string' && { type: cut(type, NAME_CHARS) }),
    ...(list && { details: list }),
    ...(isWait(nextRetryDelayMs) && { nextRetryDelayMs }),
    isBenign: isBenign === true,
    ...(under && { cause: under }),
  };
}

/** A text inside the text, so that it was made, and is judged, apart from it. */
function parseList(text: string): readonly unknown[] | null {
  if (deeperThan(text, MAX_DEPTH) || moreValuesThan(text, MAX_VALUES)) return null;
  const list: unknown = JSON.parse(text);
  return Array.isArray(list) ? list : null;
}

function isWait(ms: unknown): ms is number {
  return typeof ms === 'number' && ms > 0 && ms <= LONGEST_WAIT_MS;
}

/** Half a character would break the worker that passes it on. */
function cut(text: string, length: number): string {
  return text.slice(0, length).toWellFormed();
}
