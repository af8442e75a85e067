/** What the sides of a case have in common: all of it, or the first thing that differs. */
import type { Pair } from './stand.ts';

/** The first difference between the sides of a case, as `where: plain …, guest …`; null when there is none. */
export function difference({ plain, guest }: Pair): string | null {
  return differs(plain, guest, '');
}

function differs(one: unknown, other: unknown, where: string): string | null {
  if (Object.is(one, other)) return null;
  const both = isObject(one) && isObject(other) && Array.isArray(one) === Array.isArray(other);
  if (!both) return `${where}: plain ${show(one)}, guest ${show(other)}`;
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
  for (const key of keys) {
    const found = differs(one[key], other[key], where === '' ? key : `${where}.${key}`);
    if (found !== null) return found;
  }
  return null;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function show(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 600);
}
