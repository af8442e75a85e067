/** The cursor of a list: the place of the last run that was shown, as text that a client cannot make up by accident. */
import { createHash } from 'node:crypto';

/** Where a run stands in the order of lists: newest first, and by run id where two started at once. */
export interface Place {
  /** Nanoseconds since 1970. */
  readonly start: bigint;
  readonly runId: string;
}

/** A place, with the time that the page before it covered: a first guess at what the next one will. */
export interface Cursor extends Place {
  /** Nanoseconds. */
  readonly width: bigint;
}

const CHECK_BYTES = 6;

/** The text that a client gets. */
export function toCursor({ start, runId, width }: Cursor): string {
  const text = Buffer.from(`${start} ${width} ${runId}`);
  return Buffer.concat([check(text), text]).toString('base64url');
}

/** The cursor of a text; null when it is none of ours. */
export function fromCursor(cursor: string): Cursor | null {
  const bytes = Buffer.from(cursor, 'base64url');
  const text = bytes.subarray(CHECK_BYTES);
  if (text.length === 0 || !check(text).equals(bytes.subarray(0, CHECK_BYTES))) return null;
  const [, start, width, runId] = /^(\d{1,20}) (\d{1,20}) ([\w-]{1,64})$/.exec(text.toString()) ?? [];
  if (start === undefined || width === undefined || runId === undefined) return null;
  return { start: BigInt(start), width: BigInt(width), runId };
}

/** Order of lists. */
export function newestFirst(a: Place, b: Place): number {
  if (a.start !== b.start) return a.start > b.start ? -1 : 1;
  return a.runId > b.runId ? -1 : a.runId < b.runId ? 1 : 0;
}

function check(text: Uint8Array): Buffer {
  return createHash('sha256').update(text).digest().subarray(0, CHECK_BYTES);
}
