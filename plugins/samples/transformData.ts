import { isRecord, members, refuse, shown } from './_argument.ts';

/** What the activity is given. */
export interface Input {
  data: unknown;
  transformation: keyof typeof TRANSFORMATIONS;
}

const DATA = 'transformData.data';

const TRANSFORMATIONS = {
  uppercase: (data: unknown) => textIn(data).toUpperCase(),
  lowercase: (data: unknown) => textIn(data).toLowerCase(),
  trim: (data: unknown) => textIn(data).trim(),
  capitalize: (data: unknown) => textIn(data).replace(/^\p{L}/u, (letter) => letter.toUpperCase()),
  reverse: (data: unknown) => (Array.isArray(data) ? [...data].reverse() : [...textIn(data)].reverse().join('')),
  toString: (data: unknown) => (typeof data === 'object' && data !== null ? JSON.stringify(data) : String(data)),
  toNumber,
  jsonParse,
  jsonStringify: (data: unknown) => JSON.stringify(data ?? null),
  base64Encode: (data: unknown) =>
    btoa(Array.from(new TextEncoder().encode(textIn(data)), (byte) => String.fromCharCode(byte)).join('')),
  base64Decode,
  keys: (data: unknown) => Object.keys(entriesIn(data)),
  values: (data: unknown) => Object.values(entriesIn(data)),
  length: (data: unknown) => (typeof data === 'string' ? data.length : Object.keys(entriesIn(data)).length),
  unique: (data: unknown) => [...new Map(listIn(data).map((item) => [JSON.stringify(item), item])).values()],
  sort: (data: unknown) => [...listIn(data)].sort(compare),
  flatten: (data: unknown) => listIn(data).flat(),
};

/** Transforms data by the name of what is to be done with it. */
export async function main(input: Input): Promise<unknown> {
  const { data, transformation } = members('transformData', input);
  if (typeof transformation !== 'string' || !Object.hasOwn(TRANSFORMATIONS, transformation)) {
    const expected = `one of ${Object.keys(TRANSFORMATIONS).join(', ')}`;
    return refuse('transformData.transformation', transformation, expected);
  }
  return TRANSFORMATIONS[transformation as Input['transformation']](data);
}

function textIn(data: unknown): string {
  return typeof data === 'string' ? data : refuse(DATA, data, 'text');
}

function listIn(data: unknown): unknown[] {
  return Array.isArray(data) ? data : refuse(DATA, data, 'a list');
}

function entriesIn(data: unknown): Record<string, unknown> | unknown[] {
  return isRecord(data) || Array.isArray(data) ? data : refuse(DATA, data, 'an object or a list');
}

function toNumber(data: unknown): number {
  const number = typeof data === 'string' && data.trim() === '' ? Number.NaN : Number(data);
  return Number.isFinite(number) ? number : refuse(DATA, data, 'a number');
}

function jsonParse(data: unknown): unknown {
  try {
    return JSON.parse(textIn(data));
  } catch {
    return refuse(DATA, data, 'JSON text');
  }
}

function base64Decode(data: unknown): string {
  try {
    const bytes = Uint8Array.from(atob(textIn(data)), (char) => char.charCodeAt(0));
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return refuse(DATA, data, 'base64 of text');
  }
}

/** Numbers by size, all else by its text. */
function compare(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [left, right] = [textOf(a), textOf(b)];
  return left < right ? -1 : Number(left > right);
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : shown(value));
