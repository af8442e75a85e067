/** A value as a column of type text holds it on every database. */
export function pack(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64');
}

/** The value again. Throws where the text is none of `pack`'s. */
export function unpack(text: unknown): unknown {
  return JSON.parse(Buffer.from(String(text), 'base64').toString('utf8'));
}
