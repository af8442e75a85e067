/**
 * Search attributes as Temporal's server judges them: one that the namespace does not have, or of another type, makes it refuse the whole
 * workflow task, again and again.
 */

/**
 * Types by name, in Temporal's words: `BOOL`, `DATETIME`, `DOUBLE`, `INT`, `KEYWORD`, `KEYWORD_LIST`, `TEXT`. Besides: `NONE` the namespace has none
 * of that name, `SYSTEM` the server sets it itself, anything else nobody knows.
 */
export type AttributeTypes = ReadonlyMap<string, string>;

interface Payload {
  readonly metadata?: Readonly<Record<string, Uint8Array>>;
  readonly data?: Uint8Array;
}

/** Attributes in one command. */
export type Attributes = Readonly<Record<string, Payload>>;

/** What is wrong with the search attributes of a command; null where nothing is. */
export function attributeFault(found: Attributes, types: AttributeTypes): string | null {
  for (const [name, payload] of Object.entries(found)) {
    const type = types.get(name) ?? '';
    if (type === 'NONE') return `search attribute "${name}": found none of that name in the namespace`;
    if (type === 'SYSTEM') return `search attribute "${name}": found one that Temporal keeps itself`;
    if (!fits(payload, type)) return `search attribute "${name}": found a value that is no ${type}`;
  }
  return null;
}

/** As Go reads JSON into the type. Of other types than we know anything may be true. */
function fits({ metadata = {}, data }: Payload, type: string): boolean {
  const isOne = Object.hasOwn(TYPES, type) ? TYPES[type] : undefined;
  if (isOne === undefined) return true;
  const encoding = metadata.encoding && textOf(metadata.encoding);
  if (encoding === 'binary/null') return true;
  if (encoding !== 'json/plain' || !data) return false;
  try {
    const value = JSON.parse(textOf(data), withDigits as (key: string, value: unknown) => unknown) as unknown;
    if (type !== 'KEYWORD_LIST') return isOne(value) || isListOf(value, isOne);
    // A list, or a list with one list.
    return (
      value === null || isListOf(value, isOne) || (isListOf(value, (each) => isListOf(each, isOne)) && value.length < 2)
    );
  } catch {
    return false;
  }
}

/** Null stands for a value that is taken away. */
function isListOf(value: unknown, isOne: (value: unknown) => boolean): value is unknown[] {
  return Array.isArray(value) && value.every((each) => each === null || isOne(each));
}

/** A number with its digits: `1.0` is no integer to Go. */
class Digits {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

function withDigits(_key: string, value: unknown, { source = '' }: { readonly source?: string }): unknown {
  return typeof value === 'number' ? new Digits(source) : value;
}

const isText = (value: unknown): boolean => typeof value === 'string';
const isOrNull =
  (is: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    value === null || is(value);

const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  BOOL: isOrNull((value) => typeof value === 'boolean'),
  DATETIME: isOrNull((value) => typeof value === 'string' && isTime(value)),
  DOUBLE: isOrNull((value) => value instanceof Digits && Number.isFinite(Number(value.text))),
  INT: isOrNull((value) => value instanceof Digits && isInt64(value.text)),
  KEYWORD: isOrNull(isText),
  KEYWORD_LIST: isText,
  TEXT: isOrNull(isText),
};

const INT64 = 2n ** 63n;

function isInt64(digits: string): boolean {
  if (!/^-?\d{1,19}$/.test(digits)) return false;
  const value = BigInt(digits);
  return value < INT64 && value >= -INT64;
}

const TIME = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:Z|[+-](\d\d):(\d\d))$/;

/** RFC 3339, strictly: a day that its month has, no leap second. */
function isTime(text: string): boolean {
  const found = TIME.exec(text);
  if (found === null) return false;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, ahead = 0, minutes = 0] = found
    .slice(1)
    .map((part) => Number(part ?? 0));
  const date = new Date(0);
  date.setUTCFullYear(year, month, 0);
  return (
    month >= 1 &&
    month <= 12 &&
    day >= 1 &&
    day <= date.getUTCDate() &&
    hour <= 23 &&
    minute <= 59 &&
    second <= 59 &&
    ahead <= 23 &&
    minutes <= 59
  );
}

const textOf = (bytes: Uint8Array): string => new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
