/** The cursor of a list: Temporal's page token with a checksum, since Temporal takes long to refuse a token that is none. */
import { createHash } from 'node:crypto';

const CHECK_BYTES = 6;

/** The text that a client gets for a page token; null when there is no further page. */
export function toCursor(token: Uint8Array | null | undefined): string | null {
  return token?.length ? Buffer.concat([check(token), token]).toString('base64url') : null;
}

/** The page token of a cursor; null when the text is no cursor. */
export function fromCursor(cursor: string): Buffer | null {
  const bytes = Buffer.from(cursor, 'base64url');
  const token = bytes.subarray(CHECK_BYTES);
  return token.length > 0 && check(token).equals(bytes.subarray(0, CHECK_BYTES)) ? token : null;
}

function check(token: Uint8Array): Buffer {
  return createHash('sha256').update(token).digest().subarray(0, CHECK_BYTES);
}
