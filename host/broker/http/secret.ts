import type { Grants } from '../capability.ts';
import { denied } from './allow.ts';

type Secrets = Grants['http']['secrets'];

/** Shorter values are not looked for in answers: they would mask ordinary text. */
const MASKED_CHARS = 4;
/** Shorter values have too little of their own within the base64 of a longer text. */
const INNER_BYTES = 8;

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

/** Takes the secrets out of a text. */
export type Mask = (text: string) => string;

/**
 * Replaces every value of the tenant's secrets by `***`, with and without its scheme (`Bearer …`), the parts of `Basic …`
 * too, in the forms in which programs write a text into another: JSON, URL, HTML, base64 at any offset, hex, lower case. It is
 * a net for servers that echo what they got; one that wants to can always find a form that is not in it.
 */
export function createMask(secrets: Secrets): Mask {
  const values = [...secrets.values()].flatMap(({ value }) => partsOf(value));
  const forms = values.flatMap((value) => [...formsOf(value), ...formsOf(asBytes(value)), value.toLowerCase()]);
  const longestFirst = [...new Set(forms)].filter((form) => form.length >= MASKED_CHARS);
  longestFirst.sort((one, other) => other.length - one.length);
  return (text) => longestFirst.reduce((masked, form) => masked.replaceAll(form, '***'), text);
}

function partsOf(value: string): string[] {
  const [, scheme = '', rest = value] = /^(\S+)\s+(.*)$/s.exec(value.trim()) ?? [];
  if (scheme.toLowerCase() !== 'basic') return [value, value.trim(), rest];
  const pair = Buffer.from(rest, 'base64').toString('utf8');
  return [value, rest, pair, pair.slice(pair.indexOf(':') + 1)];
}

/** Servers write a header as UTF-8 that is read as Latin-1, as it should be. */
function asBytes(value: string): string {
  return Buffer.from(value).toString('latin1');
}

function formsOf(value: string): string[] {
  if (value.length < MASKED_CHARS) return [];
  const hex = Buffer.from(value).toString('hex');
  const base64 = [value, inQuotes(value)].flatMap(base64Forms);
  return [value, ...jsonForms(value), ...urlForms(value), ...htmlForms(value), ...base64, hex, hex.toUpperCase()];
}

/** What encoders escape beyond the rules of JSON: nothing, all but ASCII (Python), what means something in HTML (Go, PHP). */
const ESCAPED = [/(?!)/g, /[^\x20-\x7e]/g, /[^\x20-\x7e]|[<>&]/g, /[<>&]/g, /[^\x20-\x7e]|[<>&'/]/g];

function jsonForms(value: string): string[] {
  const json = inQuotes(value);
  const all = ESCAPED.map((chars) =>
    json.replace(chars, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`),
  );
  const once = [...all, json.replaceAll('/', '\\/')];
  return [...once, ...once.map(inQuotes)];
}

const inQuotes = (value: string): string => JSON.stringify(value).slice(1, -1);

function urlForms(value: string): string[] {
  const component = encodeURIComponent(value.toWellFormed());
  const strict = component.replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
  const form = new URLSearchParams({ '': value }).toString().slice(1);
  const all = [component, strict, form, encodeURI(value.toWellFormed())];
  return all.flatMap((text) => [text, text.replace(/%../g, (code) => code.toLowerCase())]);
}

const NAMED = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
]);

function htmlForms(value: string): string[] {
  const named = value.replace(/[&<>"]/g, (char) => NAMED.get(char) ?? char);
  return ['&#39;', '&#x27;', '&apos;'].flatMap((quote) => {
    const form = named.replaceAll("'", quote);
    return [form, form.replaceAll('&quot;', '&#34;'), form.replaceAll('/', '&#x2F;').replaceAll('=', '&#x3D;')];
  });
}

/** Base64 of a text that has it inside looks different at each of three offsets; its ends depend on what is beside it. */
function base64Forms(value: string): string[] {
  const bytes = Buffer.from(value);
  const whole = (['base64', 'base64url'] as const).map((encoding) => bytes.toString(encoding));
  if (bytes.length < INNER_BYTES) return whole;
  const inner = [0, 1, 2].flatMap((offset) => {
    const shifted = Buffer.concat([Buffer.alloc(offset), bytes]);
    const from = Math.ceil((offset * 8) / 6);
    const to = Math.floor((shifted.length * 8) / 6);
    return (['base64', 'base64url'] as const).map((encoding) => shifted.toString(encoding).slice(from, to));
  });
  return [...whole, ...inner];
}
