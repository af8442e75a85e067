import type { RefusedCall, RunRequest } from './contract.ts';
import { deeperThan, moreValuesThan } from './depth.ts';
import { ANSWER_BYTES, MAX_DEPTH, MAX_VALUES, MESSAGE_CHARS } from './limits.ts';

/** Codes that a capability may give to a script. Anything else, such as a system error's, stays in the host. */
const CODES: ReadonlySet<unknown> = new Set([
  'BAD_ARGUMENT',
  'TOO_DEEP',
  'TOO_LARGE',
  'TOO_MANY_CALLS',
  'UNKNOWN_METHOD',
  'DENIED',
  'NOT_FOUND',
  'CONFLICT',
  'INVALID',
  'UNAVAILABLE',
  'FAILED',
  'LOG_LIMIT',
]);

const METHOD = /^[a-z]{1,16}\.[A-Za-z]{1,32}$/;

const FORBIDDEN_KEYS: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** One capability call as it came out of a cell. */
export interface Call {
  readonly method: string;
  /** JSON text. */
  readonly args: string;
}

/**
 * Judges one call and has the capability answer it. Resolves to the text that goes back, `{"ok": …}` or
 * `{"err": {code, message}}`; never rejects. `log` gets the errors that a script must not see.
 */
export async function answerCall(
  request: Pick<RunRequest, 'call' | 'limits' | 'onRefused'>,
  call: Call,
  signal: AbortSignal,
  log: (error: unknown) => void,
): Promise<string> {
  const args = parseArgs(call, request.limits.argBytes);
  if ('err' in args) {
    request.onRefused?.(METHOD.test(call.method) ? call.method : 'unknown', args.err.code);
    return JSON.stringify(args);
  }
  try {
    const value = await request.call(call.method, args.ok, signal);
    const text = `{"ok":${JSON.stringify(value) ?? 'null'}}`;
    return Buffer.byteLength(text) > ANSWER_BYTES ? refusal('TOO_LARGE', tooLarge('the answer', ANSWER_BYTES)) : text;
  } catch (error) {
    const known = safeError(error);
    if (known === null) log(error);
    return known ?? refusal('FAILED', `${call.method} failed`);
  }
}

type Refusal = { readonly err: { readonly code: RefusedCall; readonly message: string } };

function parseArgs({ method, args }: Call, argBytes: number): { readonly ok: unknown } | Refusal {
  const refuse = (code: RefusedCall, message: string): Refusal => ({ err: { code, message } });
  if (!METHOD.test(method)) return refuse('UNKNOWN_METHOD', 'there is no such method');
  if (Buffer.byteLength(args) > argBytes) return refuse('TOO_LARGE', tooLarge('the argument', argBytes));
  if (deeperThan(args, MAX_DEPTH)) return refuse('TOO_DEEP', `the argument is nested deeper than ${MAX_DEPTH}`);
  if (moreValuesThan(args, MAX_VALUES)) return refuse('TOO_LARGE', `the argument has more than ${MAX_VALUES} values`);
  try {
    const ok: unknown = JSON.parse(args);
    const key = forbiddenKey(ok);
    return key === null ? { ok } : refuse('BAD_ARGUMENT', `the argument has the key "${key}"`);
  } catch {
    return refuse('BAD_ARGUMENT', 'the argument is not JSON');
  }
}

function forbiddenKey(value: unknown): string | null {
  if (typeof value !== 'object' || value === null) return null;
  for (const [key, part] of Object.entries(value)) {
    const found = FORBIDDEN_KEYS.has(key) ? key : forbiddenKey(part);
    if (found !== null) return found;
  }
  return null;
}

function safeError(error: unknown): string | null {
  if (!(error instanceof Error) || !('code' in error) || !CODES.has(error.code)) return null;
  return refusal(String(error.code), error.message.slice(0, MESSAGE_CHARS));
}

function refusal(code: string, message: string): string {
  return JSON.stringify({ err: { code, message } });
}

function tooLarge(what: string, max: number): string {
  return `${what} is larger than ${max} bytes`;
}
