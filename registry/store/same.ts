/**
 * The value of PostgREST's `in` for one text or several, quoted: @supabase/lite takes `eq.123` and `eq.true` for a number and
 * a truth value, which no text column equals. PostgREST reads it the same. PostgreSQL refuses a NUL, which no text of its own
 * can hold.
 */
export function same(...texts: readonly string[]): string {
  return `(${texts.map((text) => `"${text.replaceAll('\0', '\ufffd').replace(/["\\]/g, '\\$&')}"`).join(',')})`;
}
