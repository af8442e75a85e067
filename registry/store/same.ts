/**
 * The value of PostgREST's `in` for one text, quoted: @supabase/lite takes `eq.123` and `eq.true` for a number and a truth value,
 * which no text column equals. PostgREST reads it the same. PostgreSQL refuses a NUL, which no text of its own can hold.
 */
export function same(text: string): string {
  return `("${text.replaceAll('\0', '\ufffd').replace(/["\\]/g, '\\$&')}")`;
}
