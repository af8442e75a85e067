import type { Fields } from '../report/fields.ts';
import { shown } from '../report/words.ts';
import { textOf, type YamlNode } from '../yaml/node.ts';
import { DURATION_EXPECTED, parseDuration } from './duration.ts';

/** Waits between attempts; milliseconds. */
export interface Backoff {
  readonly initialMs: number;
  readonly coefficient: number;
  readonly maxMs: number;
}

/** The timing fields of one activity. */
export interface Timing {
  readonly retries: number;
  readonly timeoutMs: number | null;
  readonly backoff: Backoff | null;
}

/** Temporal counts attempts in 32 bits. */
const MOST_RETRIES = 2 ** 31 - 2;
const DEFAULT_INITIAL_MS = 1_000;
const DEFAULT_COEFFICIENT = 2;
/** Temporal's own: the longest wait is 100 times the first. */
const DEFAULT_MAX_FACTOR = 100;
const DEFAULT_TIMEOUT_MS = 30_000;

/** Reads `retries`, `timeout` and `backoff`; warns when the waits alone use up the timeout. */
export function readTiming(fields: Fields, isScript: boolean): Timing {
  const timeoutMs = readDuration(fields, 'timeout') ?? null;
  const backoff = readBackoff(fields);
  const retries = readRetries(fields);
  const limitMs = timeoutMs ?? (isScript ? DEFAULT_TIMEOUT_MS : Number.POSITIVE_INFINITY);
  const node = fields.get('retries');
  if (node !== undefined) warnUnreachable({ fields, node, retries, backoff: backoff ?? withDefaults({}), limitMs });
  return { retries, timeoutMs, backoff };
}

function readDuration(fields: Fields, name: string): number | undefined {
  const node = fields.get(name);
  if (node === undefined) return undefined;
  const ms = parseDuration(textOf(node) ?? '');
  if (ms === undefined)
    fields.problem(name, node, { code: 'DURATION_FORMAT', found: shown(node), expected: DURATION_EXPECTED });
  return ms;
}

function readRetries(fields: Fields): number {
  const node = fields.get('retries');
  if (node === undefined) return 0;
  const value = node.kind === 'scalar' ? node.value : null;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MOST_RETRIES) return value;
  fields.problem('retries', node, {
    code: 'RETRIES_VALUE',
    found: shown(node),
    expected: 'a whole number of 0 or more',
  });
  return 0;
}

function readBackoff(fields: Fields): Backoff | null {
  const given = fields.fields('backoff', 'a map with initial, coefficient and max');
  if (given === undefined) return null;
  given.known(['initial', 'coefficient', 'max']);
  const initialMs = readDuration(given, 'initial');
  const maxMs = readDuration(given, 'max');
  const node = given.get('coefficient');
  const coefficient = node?.kind === 'scalar' && typeof node.value === 'number' ? node.value : undefined;
  if (node !== undefined && (coefficient === undefined || coefficient < 1)) {
    given.wrongType('coefficient', node, 'a number of 1 or more');
  }
  const backoff = withDefaults({ initialMs, maxMs, coefficient });
  const maxNode = given.get('max');
  if (maxNode !== undefined && backoff.maxMs < backoff.initialMs) {
    given.wrongType('max', maxNode, `a duration of at least initial, ${backoff.initialMs / 1_000}s`);
  }
  return backoff;
}

function withDefaults(given: { readonly [Key in keyof Backoff]?: number | undefined }): Backoff {
  const initialMs = given.initialMs ?? DEFAULT_INITIAL_MS;
  return {
    initialMs,
    coefficient: given.coefficient ?? DEFAULT_COEFFICIENT,
    maxMs: given.maxMs ?? initialMs * DEFAULT_MAX_FACTOR,
  };
}

interface Waits {
  readonly fields: Fields;
  readonly node: YamlNode;
  readonly retries: number;
  readonly backoff: Backoff;
  readonly limitMs: number;
}

function warnUnreachable({ fields, node, retries, backoff, limitMs }: Waits): void {
  let waited = 0;
  let wait = backoff.initialMs;
  // No wait is shorter than a second, so this ends after as many turns as the timeout has seconds.
  for (let attempt = 2; attempt <= retries + 1 && waited < limitMs; attempt++) {
    waited += Math.min(wait, backoff.maxMs);
    wait *= backoff.coefficient;
    if (waited < limitMs) continue;
    fields.report.add({
      code: 'RETRIES_UNREACHABLE',
      at: node.at,
      where: fields.where,
      found: `${waited / 1_000}s of waits before attempt ${attempt}`,
      expected: `less than timeout ${limitMs / 1_000}s`,
    });
  }
}
