/** Words of the sentences about a project's code. */

/** Longest text of a stranger's in a sentence, characters. */
const LONGEST = 100;

/** A text of a stranger's in quotes, as JSON has it; cut where it is long. */
export function quoted(text: string): string {
  return JSON.stringify(cut(text));
}

/** A name as it stands in a sentence: on one line, not too long. */
export function plain(name: string): string {
  return /^[\x20-\x7e\u00a1-\u1fff\u2c00-\ud7ff]{1,100}$/.test(name) ? name : quoted(name);
}

/** What kind of JSON a value is, or the value itself where it is short: `17`, `"x"`, `an array`, `nothing`. */
export function kindOf(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'string') return quoted(value);
  return typeof value === 'object' ? 'an object' : String(value);
}

function cut(text: string): string {
  return (text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text).toWellFormed();
}
