import { isRecord, members, refuse } from './_argument.ts';

/** What data has to be. */
export interface Rules {
  required?: boolean;
  type?: (typeof TYPES)[number];
  /** Regular expression, without flags. */
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  min?: number;
  max?: number;
  enum?: unknown[];
}

/** What the activity is given. */
export interface Input {
  data: unknown;
  rules: Rules;
}

/** What it answers. */
export interface Output {
  valid: boolean;
  /** One for each broken rule. */
  errors: string[];
}

const TYPES = ['string', 'number', 'boolean', 'object', 'array'] as const;

/** The sentence of a broken rule; null when it holds. */
type Rule = (data: unknown, rule: unknown) => string | null;

const RULES: Readonly<Record<string, Rule>> = {
  required: () => null,
  type: (data, type) => (typeOf(data) === oneOf('type', type) ? null : `expected ${type}, found ${typeOf(data)}`),
  pattern: (data, pattern) => {
    const matches = (typeof data === 'string' || typeof data === 'number') && expression(pattern).test(`${data}`);
    return matches ? null : `expected to match ${pattern}`;
  },
  minLength: (data, least) =>
    bounded(lengthOf(data), count('minLength', least), 'length of at least', (a, b) => a >= b),
  maxLength: (data, most) => bounded(lengthOf(data), count('maxLength', most), 'length of at most', (a, b) => a <= b),
  min: (data, least) => bounded(numberIn(data), number('min', least), 'at least', (a, b) => a >= b),
  max: (data, most) => bounded(numberIn(data), number('max', most), 'at most', (a, b) => a <= b),
  enum: (data, values) => {
    const list = Array.isArray(values) ? values : refuse('validateData.rules.enum', values, 'a list');
    const texts = list.map((value) => JSON.stringify(value));
    return texts.includes(JSON.stringify(data)) ? null : `expected one of ${texts.join(', ')}`;
  },
};

/** Says which rules data breaks. Data never makes it fail; rules that mean nothing do. */
export async function main(input: Input): Promise<Output> {
  const { data, rules } = members('validateData', input);
  if (!isRecord(rules)) return refuse('validateData.rules', rules, 'an object');
  const isThere = data !== undefined && data !== null && data !== '';
  const errors = Object.entries(rules).flatMap(([name, value]) => {
    if (value === undefined || value === null) return [];
    const rule = Object.hasOwn(RULES, name) ? RULES[name] : undefined;
    if (!rule) return refuse('validateData.rules', name, `rules out of ${Object.keys(RULES).join(', ')}`);
    if (name === 'required') return flag(value) && !isThere ? ['required: expected a value, found none'] : [];
    const broken = isThere ? rule(data, value) : null;
    return broken === null ? [] : [`${name}: ${broken}`];
  });
  return { valid: errors.length === 0, errors };
}

function typeOf(data: unknown): string {
  if (Array.isArray(data)) return 'array';
  return data === null ? 'null' : typeof data;
}

function oneOf(name: string, type: unknown): string {
  const known = TYPES.find((each) => each === type);
  return known ?? refuse(`validateData.rules.${name}`, type, `one of ${TYPES.join(', ')}`);
}

function expression(pattern: unknown): RegExp {
  if (typeof pattern !== 'string') return refuse('validateData.rules.pattern', pattern, 'a regular expression');
  try {
    return new RegExp(pattern);
  } catch {
    return refuse('validateData.rules.pattern', pattern, 'a regular expression');
  }
}

function flag(value: unknown): boolean {
  return typeof value === 'boolean' ? value : refuse('validateData.rules.required', value, 'true or false');
}

function number(name: string, value: unknown): number {
  return typeof value === 'number' ? value : refuse(`validateData.rules.${name}`, value, 'a number');
}

function count(name: string, value: unknown): number {
  return Number.isSafeInteger(value) ? Number(value) : refuse(`validateData.rules.${name}`, value, 'a whole number');
}

function lengthOf(data: unknown): number | null {
  return typeof data === 'string' || Array.isArray(data) ? data.length : null;
}

function numberIn(data: unknown): number | null {
  return typeof data === 'number' ? data : null;
}

function bounded(
  found: number | null,
  bound: number,
  words: string,
  holds: (found: number, bound: number) => boolean,
): string | null {
  return found !== null && holds(found, bound) ? null : `expected ${words} ${bound}, found ${found ?? 'none'}`;
}
