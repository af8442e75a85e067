import { MESSAGE_CHARS, STACK_CHARS } from '../limits.ts';
import type { Ended } from '../message.ts';

/** Texts that come out of an isolate. The realm they were made in is the script's, so nothing of them is taken on trust. */

/** The value of a JSON text; undefined when it is none. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What the guest tells of an error, cut to size; null when it is not of that form. */
export function readThrown(
  text: string,
): Pick<Extract<Ended, { ok: false }>, 'code' | 'message' | 'stack' | 'thrownCode'> | null {
  const value = parsed(text);
  if (typeof value !== 'object' || value === null) return null;
  const { code, message, stack, thrownCode } = value as Record<string, unknown>;
  if ((code !== 'SCRIPT_ERROR' && code !== 'SCRIPT_MEMORY') || typeof message !== 'string') return null;
  return {
    code,
    message: message.slice(0, MESSAGE_CHARS),
    ...(typeof stack === 'string' && stack !== '' && { stack: stack.slice(0, STACK_CHARS) }),
    ...(typeof thrownCode === 'string' && thrownCode !== '' && { thrownCode: thrownCode.slice(0, 64) }),
  };
}
