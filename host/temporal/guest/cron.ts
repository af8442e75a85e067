/**
 * Cron expressions as Temporal's server reads them (robfig/cron, `ParseStandard`): what it refuses, it refuses with the whole workflow task,
 * again and again. What it takes is taken here, however odd.
 */
import { ZONES } from './zones.ts';

interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly names: readonly string[];
}

/** Values of one field. */
interface Field {
  readonly values: ReadonlySet<number>;
  /** Whether a star is among them: then the other field of days alone decides. */
  readonly isStar: boolean;
}

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const BOUNDS: readonly Bounds[] = [
  { min: 0, max: 59, names: [] },
  { min: 0, max: 23, names: [] },
  { min: 1, max: 31, names: [] },
  { min: 1, max: 12, names: MONTHS },
  { min: 0, max: 6, names: DAYS },
];
/** Of each month, in a leap year: one comes within the years that the server looks through. */
const LENGTHS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const DESCRIPTORS = new Set(['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly']);
const EVERY = '@every ';
/** Go's white space, which is not quite JavaScript's. */
const SPACE = '[\\t-\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]';
const SPACES = new RegExp(`${SPACE}+`);
const AROUND = new RegExp(`^${SPACE}+|${SPACE}+$`, 'g');
const INT64 = 2n ** 63n;
/** Longer ones mean harm: they are read outside of the guest's budget. */
const MAX_LENGTH = 1000;

/** What is wrong with an expression; null for one that Temporal takes. An empty one is none. */
export function cronFault(expression: string): string | null {
  if (expression === '') return null;
  if (expression.length > MAX_LENGTH) return `${expression.length} characters`;
  let rest = expression;
  if (/^(?:CRON_)?TZ=/.test(expression)) {
    const end = expression.indexOf(' ');
    if (end < 0) return 'a time zone and no schedule';
    const zone = expression.slice(expression.indexOf('=') + 1, end);
    if (!isZone(zone)) return 'a time zone that Temporal does not know';
    rest = expression.slice(end).replace(AROUND, '');
  }
  return rest.startsWith('@') ? descriptorFault(rest) : fieldsFault(rest);
}

function descriptorFault(found: string): string | null {
  if (DESCRIPTORS.has(found)) return null;
  if (!found.startsWith(EVERY)) return 'a name that Temporal does not know';
  return isDuration(found.slice(EVERY.length)) ? null : 'an interval that cannot be read';
}

function fieldsFault(found: string): string | null {
  const texts = found.split(SPACES).filter((text) => text !== '');
  if (texts.length !== BOUNDS.length) return `${texts.length} fields`;
  const fields: Field[] = [];
  for (const [at, bounds] of BOUNDS.entries()) {
    const field = fieldOf(texts[at] ?? '', bounds);
    if (field === null) return `field ${at + 1} that cannot be read`;
    fields.push(field);
  }
  return comesTrue(fields) ? null : 'a time that never comes';
}

/** Commas apart; null for what cannot be read. */
function fieldOf(found: string, bounds: Bounds): Field | null {
  const values = new Set<number>();
  let isStar = false;
  for (const part of found.split(',')) {
    if (part === '') continue;
    const range = rangeOf(part, bounds);
    if (range === null) return null;
    for (let at = range.start; at <= range.end; at += range.step) values.add(at);
    isStar ||= range.isStar;
  }
  return { values, isStar };
}

interface Range {
  readonly start: number;
  readonly end: number;
  readonly step: number;
  readonly isStar: boolean;
}

function rangeOf(part: string, bounds: Bounds): Range | null {
  const [span = '', stepText, ...tooMany] = part.split('/');
  const [low = '', high, ...more] = span.split('-');
  // What follows a star and a hyphen is not looked at.
  const isAll = low === '*' || low === '?';
  const step = stepText === undefined ? 1 : numberOf(stepText);
  const start = isAll ? bounds.min : numberOrName(low, bounds);
  const last = high === undefined ? start : numberOrName(high, bounds);
  const end = isAll || (stepText !== undefined && high === undefined) ? bounds.max : last;
  if (step === null || start === null || end === null || tooMany.length > 0) return null;
  if (!isAll && more.length > 0) return null;
  if (start < bounds.min || end > bounds.max || start > end || step === 0) return null;
  return { start, end, step, isStar: isAll && step === 1 };
}

function numberOrName(found: string, { min, names }: Bounds): number | null {
  const named = names.indexOf(found.toLowerCase());
  return named < 0 ? numberOf(found) : named + min;
}

/** As Go's `Atoi`, from 0 on. */
function numberOf(found: string): number | null {
  if (!/^(?:\+?\d+|-0+)$/.test(found)) return null;
  return BigInt(found.replace('+', '')) < INT64 ? Number(found) : null;
}

/** Whether the server finds a time. */
function comesTrue([minutes, hours, days, months, weekdays]: readonly (Field | undefined)[]): boolean {
  if (!minutes?.values.size || !hours?.values.size || !months || !days || !weekdays) return false;
  const hasDay = [...months.values].some((month) => [...days.values].some((day) => day <= (LENGTHS[month - 1] ?? 0)));
  const hasWeekday = months.values.size > 0 && weekdays.values.size > 0;
  return days.isStar || weekdays.isStar ? hasDay && hasWeekday : hasDay || hasWeekday;
}

/** Zones that came after the list are known by the name that this engine gives them itself. */
function isZone(name: string): boolean {
  if (name === '' || name === 'Local' || ZONES.has(name)) return true;
  try {
    const known = new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone;
    return known === name && /^[A-Z][a-z]+\//.test(name);
  } catch {
    return false;
  }
}

const UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  '\u00b5s': 1_000n,
  '\u03bcs': 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

/** As Go's `ParseDuration`. */
function isDuration(found: string): boolean {
  const unsigned = found.replace(/^[-+]/, '');
  if (unsigned === '0') return true;
  if (!/^(?:(?:\d+\.?\d*|\.\d+)[^.\d]+)+$/.test(unsigned)) return false;
  let total = 0n;
  for (const [, whole = '', fraction = '', unit = ''] of unsigned.matchAll(/(\d*)\.?(\d*)([^.\d]+)/g)) {
    const size = Object.hasOwn(UNITS, unit) ? UNITS[unit] : undefined;
    if (size === undefined) return false;
    total += BigInt(whole || '0') * size;
    if (fraction !== '') total += (BigInt(fraction) * size) / 10n ** BigInt(fraction.length);
  }
  return found.startsWith('-') ? total <= INT64 : total < INT64;
}
