/** The body of a webhook: raw bytes, since signatures are over those, and the JSON they hold. */
import { ApiError } from '../error.ts';

/** What of a request's head the body's reader looks at. */
export interface BodyHead {
  readonly contentType: string | undefined;
  readonly contentEncoding: string | undefined;
}

/** Deepest nesting. The sandbox takes 256 levels, of which the event around the body needs a few. */
const DEEPEST = 200;
/** Keys that reach for a prototype where somebody copies them carelessly (ADM-06). */
const REFUSED_KEYS: readonly string[] = ['__proto__', 'constructor'];
const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json(?:\s*;|$)/i;

/** Parses a body. Undefined: it is empty. Throws `BODY_INVALID` for what is no JSON, or none that anything may be made of. */
export function parseBody(raw: Buffer, { contentType, contentEncoding }: BodyHead): unknown {
  if (raw.length === 0) return undefined;
  if (contentEncoding !== undefined && contentEncoding !== 'identity') {
    throw refusal('header content-encoding', 'a compressed body', 'an uncompressed one');
  }
  if (!JSON_TYPE.test(contentType ?? '')) {
    throw refusal('header content-type', 'another type', 'application/json or application/fhir+json');
  }
  const body = parse(raw);
  judge(body);
  return body;
}

function parse(raw: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(raw)) as unknown;
  } catch {
    throw refusal('body', 'text that is no JSON', 'JSON in UTF-8');
  }
}

/** Level by level, so that no depth takes a stack of its own. */
function judge(body: unknown): void {
  let level = [body];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEEPEST) throw refusal('body', `more than ${DEEPEST} levels`, 'less nesting');
    level = level.flatMap(childrenOf);
  }
}

function childrenOf(value: unknown): readonly unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value)) return value;
  const key = Object.keys(value).find((each) => REFUSED_KEYS.includes(each));
  if (key !== undefined) throw refusal('body', `a key ${JSON.stringify(key)}`, 'keys that name no prototype');
  return Object.values(value);
}

function refusal(where: string, found: string, expected: string): ApiError {
  return new ApiError('BODY_INVALID', 'the body is not valid', { where, found, expected });
}
