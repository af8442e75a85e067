import { createHash } from 'node:crypto';

/** JSON text with the keys of every object sorted, so that equal content is equal text. Undefined entries are left out. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => (isRecord(inner) ? sorted(inner) : inner));
}

/** sha256 (hex) of a text, or of the canonical JSON of anything else. */
export function digestOf(content: unknown): string {
  const text = typeof content === 'string' ? content : canonicalJson(content);
  return createHash('sha256').update(text).digest('hex');
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

// JSON.stringify writes integer-like keys first whatever their order here, the same way each time.
function sorted(record: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}
