/** Words of a script on a terminal: they must not move the cursor, and may not forge a line. */
import { stripVTControlCharacters } from 'node:util';

/** The text on one line, without control characters. */
export function plain(text: string): string {
  return stripVTControlCharacters(text).replace(/\p{Cc}/gu, ' ');
}

/** The text without control characters but the ends of its lines. */
export function plainLines(text: string): string {
  return text.split('\n').map(plain).join('\n');
}
