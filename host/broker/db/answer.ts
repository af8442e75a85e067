import { CapabilityError } from '../capability.ts';

/** What `db.request` answers; postgrest-js reads it like a `Response`. */
export interface DbAnswer {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** An answer as it came, body read. */
export interface RawAnswer {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

const SHOWN_HEADERS = ['content-type', 'content-range', 'preference-applied'];

/** SQLSTATEs whose text speaks of the script's own query or was written for it by a function's author. */
const OWN_TEXT = new Set(['42703', '42P01', '42883', '22P02', '22003', '22007', 'P0001']);

/** query_canceled: PostgREST says 500 to it, but it was the query, and the database is well. */
const TOO_SLOW = '57014';

/** Texts for the others: theirs may name constraints, rows, hosts or hold SQL. */
const TEXTS: ReadonlyMap<string, string> = new Map([
  ['23505', 'duplicate key value'],
  ['23503', 'a row that is referred to does not exist, or is still referred to'],
  ['23502', 'a column that must have a value has none'],
  ['23514', 'a value breaks a check of the table'],
  ['42501', 'not allowed by the policies of the table'],
  [TOO_SLOW, 'the query took longer than the database allows'],
]);

/**
 * The answer as the script sees it: 2xx as it is, a refused query with its code and a safe text. Throws `UNAVAILABLE` when the
 * database or the way to it is out of order, which a 401 and a redirect are too: token and address are the host's.
 */
export function screen({ status, statusText, headers, body }: RawAnswer): DbAnswer {
  const isTooSlow = status >= 500 && parse(body).code === TOO_SLOW;
  const isAnswer = (status >= 200 && status < 300) || (status >= 400 && status < 500 && status !== 401);
  if (!isAnswer && !isTooSlow) throw unavailable();
  const shown: Record<string, string> = {};
  for (const name of SHOWN_HEADERS) {
    const value = headers[name];
    if (typeof value === 'string') shown[name] = value;
  }
  if (status < 300) return { status, statusText, headers: shown, body };
  const error = body === '' ? '' : JSON.stringify(safeError(body));
  if (isTooSlow) return { status: 408, statusText: 'Request Timeout', headers: shown, body: error };
  return { status, statusText, headers: shown, body: error };
}

/** The failure of a database that cannot be used now. */
export function unavailable(): CapabilityError {
  return new CapabilityError('UNAVAILABLE', 'the database is not available', 'DB_UNAVAILABLE');
}

function safeError(body: string): { code: string; message: string; details: string | null; hint: null } {
  const { code, message, details } = parse(body);
  if (typeof code !== 'string' || !/^(?:PGRST\d{3}|[0-9A-Z]{5})$/.test(code)) {
    return { code: 'REFUSED', message: 'the query was refused', details: null, hint: null };
  }
  const isOwn = code.startsWith('PGRST') || OWN_TEXT.has(code);
  const text = isOwn && typeof message === 'string' ? message : (TEXTS.get(code) ?? 'the query was refused');
  // Details of PGRST1xx say what of the query could not be read; hints and the rest name tables that are not granted.
  const shown = code.startsWith('PGRST1') && typeof details === 'string' ? details : null;
  return { code, message: text, details: shown, hint: null };
}

function parse(body: string): { code?: unknown; message?: unknown; details?: unknown } {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
