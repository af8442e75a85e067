import type { Fields } from '../report/fields.ts';
import { shown } from '../report/words.ts';
import { textOf } from '../yaml/node.ts';

/** How senders prove themselves. */
export const SIGNATURES = ['bearer', 'shared-secret', 'hmac', 'standard-webhooks'] as const;

/** What the section `webhook` of a definition says. */
export interface WebhookRule {
  readonly signature: (typeof SIGNATURES)[number];
  /** Lower case. Where the secret or the signature stands; null: where its kind has it by custom. */
  readonly header: string | null;
  /** Aliases, the newest first; the operator gives their values. Empty: the token of the host. */
  readonly secrets: readonly string[];
  /** Organization that every run of the trigger belongs to; null: the mapping decides. */
  readonly tenant: string | null;
  /** Lower case. Headers that the mapping is shown. */
  readonly headers: readonly string[];
  /** Whether a delivery with the same body is the same event. */
  readonly repeats: 'once' | 'each';
}

const FIELDS = ['signature', 'header', 'secrets', 'tenant', 'headers', 'repeats'];
const HEADER = /^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/;
const ALIAS = /^[A-Z][A-Z0-9_]{0,63}$/;
const TENANT = /^(?!\.{1,2}$)[A-Za-z0-9.-]{1,64}$/;
/** A rotation takes two; each one costs a computation over the whole body. */
const MOST_SECRETS = 3;
const MOST_HEADERS = 10;
/** They would take the sender's proof into the mapping. */
const NOT_SHOWN = ['authorization', 'cookie', 'proxy-authorization'];

/** Headers that carry a proof of their own: the section cannot name another. */
const OWN_HEADER: readonly string[] = ['bearer', 'standard-webhooks'];

/** What holds for a subscription without the section: its FHIR server presents the token of the host. */
const DEFAULT: WebhookRule = {
  signature: 'bearer',
  header: null,
  secrets: [],
  tenant: null,
  headers: [],
  repeats: 'once',
};

/**
 * Reads the section `webhook`, and reports what is wrong with it. Null: it cannot be read, and then nobody may post. A trigger
 * of the type `webhook` must have one.
 */
export function readWebhook(fields: Fields, type: 'subscription' | 'webhook'): WebhookRule | null {
  const section = fields.fields('webhook', 'a map with signature and secrets');
  if (section === undefined) {
    const isAbsent = fields.get('webhook') === undefined;
    if (isAbsent && type === 'subscription') return DEFAULT;
    if (isAbsent) fields.missing('webhook', 'a map with signature and secrets', 'TRIGGER_WEBHOOK');
    return null;
  }
  section.known(FIELDS);
  const signature = readWord(section, 'signature', SIGNATURES, type === 'subscription' ? 'bearer' : undefined);
  const repeats = readWord(section, 'repeats', ['once', 'each'] as const, 'once');
  const secrets = readNames(section, 'secrets', { form: ALIAS, most: MOST_SECRETS, what: 'aliases such as LAB_HOOK' });
  const headers = readNames(section, 'headers', { form: HEADER, most: MOST_HEADERS, what: 'names of headers' });
  const header = readText(section, 'header', HEADER, 'the name of a header');
  const tenant = readText(section, 'tenant', TENANT, 'the id of an Organization');
  const shownHeaders = headers?.map((name) => name.toLowerCase()) ?? [];
  let isRight =
    signature !== null && repeats !== null && secrets !== null && header !== undefined && tenant !== undefined;
  for (const name of shownHeaders.filter((each) => NOT_SHOWN.includes(each) || each === header?.toLowerCase())) {
    fault(section, 'headers', `"${name}"`, 'headers without credentials');
    isRight = false;
  }
  if (header && signature && OWN_HEADER.includes(signature)) {
    fault(section, 'header', `"${header}"`, `none: ${signature} has its own`);
    isRight = false;
  }
  if (secrets?.length === 0 && (type === 'webhook' || signature !== 'bearer')) {
    section.missing('secrets', `1 to ${MOST_SECRETS} aliases such as LAB_HOOK`, 'TRIGGER_WEBHOOK');
    isRight = false;
  }
  if (!isRight || signature === null || repeats === null || secrets === null) return null;
  return {
    signature,
    header: header?.toLowerCase() ?? null,
    secrets,
    tenant: tenant ?? null,
    headers: shownHeaders,
    repeats,
  };
}

function fault(section: Fields, name: string, found: string, expected: string): void {
  const node = section.get(name);
  if (node !== undefined) section.problem(name, node, { code: 'TRIGGER_WEBHOOK', found, expected });
}

/** Null when it is wrong, or absent without a default. */
function readWord<T extends string>(section: Fields, name: string, words: readonly T[], absent?: T): T | null {
  const node = section.get(name);
  const expected = words.join(', ');
  if (node === undefined) {
    if (absent === undefined) section.missing(name, expected, 'TRIGGER_WEBHOOK');
    return absent ?? null;
  }
  const word = words.find((each) => each === textOf(node));
  if (word === undefined) fault(section, name, shown(node), expected);
  return word ?? null;
}

interface Names {
  readonly form: RegExp;
  readonly most: number;
  readonly what: string;
}

/** Null when any is wrong: a secret left out would be a rotation that nobody ordered. */
function readNames(section: Fields, name: string, { form, most, what }: Names): string[] | null {
  const node = section.get(name);
  if (node === undefined) return [];
  const found = section.strings(name, `a list of ${what}`);
  if (found === undefined || node.kind !== 'list' || found.length < node.items.length) return null;
  const wrong = found.filter(({ text }) => !form.test(text));
  for (const each of wrong) fault(section, name, shown(each.node), what);
  if (found.length > most) fault(section, name, `${found.length} entries`, `at most ${most}`);
  return wrong.length > 0 || found.length > most ? null : [...new Set(found.map(({ text }) => text))];
}

/** Undefined when it is wrong. */
function readText(section: Fields, name: string, form: RegExp, expected: string): string | null | undefined {
  const node = section.get(name);
  if (node === undefined) return null;
  const text = textOf(node);
  if (text !== undefined && form.test(text)) return text;
  fault(section, name, shown(node), expected);
  return undefined;
}
