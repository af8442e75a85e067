import type { Grants } from '../capability.ts';
import { denied } from './allow.ts';

type Secrets = Grants['http']['secrets'];

/** Shorter values are not looked for in answers: they would mask ordinary text. */
const MASKED_CHARS = 4;

/**
 * The header that a request with this alias gets. Throws `DENIED` when there is no such alias, or the request goes to another
 * origin than the one the secret is bound to, compared as parsed.
 */
export function secretHeader(alias: string, url: URL, secrets: Secrets): readonly [name: string, value: string] {
  const secret = secrets.get(alias);
  if (secret === undefined) throw denied(`secret ${JSON.stringify(alias.slice(0, 80))} (secrets)`);
  if (URL.parse(secret.origin)?.origin !== url.origin)
    throw denied(`secret ${JSON.stringify(alias)} for ${url.origin}`);
  return [secret.header.toLowerCase(), secret.value];
}

/**
 * Replaces every value of the tenant's secrets by `***`, also as it looks in JSON, in a URL and in base64, with and without
 * its scheme (`Bearer …`).
 */
export function createMask(secrets: Secrets): (text: string) => string {
  const values = [...secrets.values()].flatMap(({ value }) => [value, value.replace(/^\S+\s+/, '')]);
  const forms = new Set(values.flatMap(formsOf).filter((form) => form.length >= MASKED_CHARS));
  const longestFirst = [...forms].sort((one, other) => other.length - one.length);
  return (text) => longestFirst.reduce((masked, form) => masked.replaceAll(form, '***'), text);
}

function formsOf(value: string): string[] {
  if (value.length < MASKED_CHARS) return [];
  const bytes = Buffer.from(value);
  const json = JSON.stringify(value).slice(1, -1);
  return [
    value,
    json,
    encodeURIComponent(value),
    bytes.toString('base64'),
    bytes.toString('base64url'),
    bytes.toString('hex'),
  ];
}
