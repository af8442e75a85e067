/** What every database takes: PostgreSQL refuses NUL in texts, and in JSON half of a surrogate pair too. */

/** A text without NUL. */
export function plainText(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\ufffd');
}

/** The same JSON, keys and texts without what PostgreSQL refuses; undefined is null. */
export function plainJson(value: unknown): unknown {
  const text = JSON.stringify(value) ?? 'null';
  return JSON.parse(text.replace(/(?<!\\)((?:\\\\)*)\\u(?:0000|d[89a-f][0-9a-f]{2})/g, '$1\ufffd'));
}

/** True for what a column of type uuid can hold. */
export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
}
