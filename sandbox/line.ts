import type { LogLine } from './contract.ts';
import { deeperThan } from './depth.ts';
import { LOG_LINE_CHARS, MAX_DEPTH } from './limits.ts';
import type { FromCell } from './message.ts';

/** C0 and C1 controls, line separators, bidirectional controls, zero-width characters and lone surrogates. */
const UNSAFE = /[\p{Cc}\p{Cs}\u2028\u2029\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gu;

/** Text of a script with whatever could disturb a log or a terminal escaped. */
export function escapeControls(text: string): string {
  return text.replace(UNSAFE, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** A cell's log message as one capped record; `time` is the host's. */
export function toLogLine(message: Extract<FromCell, { t: 'log' }>, time: Date): LogLine {
  // Cut before it is escaped: a lying cell's line may be as long as a frame.
  const text = cap(escapeControls(message.message.slice(0, LOG_LINE_CHARS + 1)));
  const line = { level: message.level, message: text, time: time.toISOString() };
  return message.data === undefined ? line : { ...line, data: parseData(message.data) };
}

function cap(text: string): string {
  return text.length > LOG_LINE_CHARS ? `${text.slice(0, LOG_LINE_CHARS - 1)}…` : text;
}

function parseData(text: string): unknown {
  if (text.length > LOG_LINE_CHARS || deeperThan(text, MAX_DEPTH)) return '(data left out: too large)';
  try {
    return JSON.parse(text, (_key, value: unknown) => (typeof value === 'string' ? escapeControls(value) : value));
  } catch {
    return null;
  }
}
