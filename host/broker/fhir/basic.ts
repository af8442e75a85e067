/** Resources of the billing product on a server that does not know their types: each is a `Basic`, which is for just that. */
import { CapabilityError } from '../capability.ts';
import { isRecord, PAGING, type Query, type Resource } from './argument.ts';
import { derivedId } from './bundle.ts';

/** Types that R4 has not; a server may have been taught them. */
const BILLING: readonly string[] = [
  'BillingAccountTransaction',
  'BillingCase',
  'BillingTask',
  'BillingTransmission',
  'BillingWorkflow',
];

/** System of `Basic.code`, whose code is the type. */
const TYPE = 'urn:cloister:resource-type';
/** Extension that holds the resource as JSON. */
const CONTENT = 'urn:cloister:resource';
/** Fields are identifiers too, for `identifier` is what a Basic can be searched by. */
const FIELD = 'urn:cloister:field:';
/** Servers index no more of a token. */
const MAX_TOKEN = 200;
const MAX_ID = 64;

/** Parameters that mean of a Basic what they mean of any resource. */
const COMMON: ReadonlySet<string> = new Set([
  ...PAGING,
  '_count',
  '_offset',
  '_page',
  '_sort',
  '_total',
  '_lastUpdated',
  '_tag',
  '_security',
  '_source',
  'identifier',
]);

/** Whether a server that does not know the type is asked for a Basic instead. */
export function isBilling(type: unknown): boolean {
  return BILLING.includes(String(type));
}

/** Id of the Basic: the types share its ids, so that each has its own part of them. */
export function basicId(type: string, id: string): string {
  const whole = `${type}.${id}`;
  return whole.length <= MAX_ID ? whole : derivedId(whole);
}

/** The Basic of a resource that has an id. */
export function toBasic(resource: Resource): Resource & { readonly id: string } {
  const { resourceType, meta, identifier, ...rest } = resource;
  const id = String(rest.id);
  return {
    resourceType: 'Basic',
    id: basicId(resourceType, id),
    ...(meta && { meta }),
    extension: [{ url: CONTENT, valueString: JSON.stringify({ resourceType, ...rest, identifier }) }],
    identifier: [...listOf(identifier), ...Object.entries(rest).flatMap(([name, value]) => tokensOf(name, value))],
    code: { coding: [{ system: TYPE, code: resourceType }] },
  };
}

/** The resource that a Basic stands for, with the `meta` that the server gave the Basic; null: it is a plain Basic. */
export function fromBasic(basic: unknown): Resource | null {
  if (!isRecord(basic) || basic.resourceType !== 'Basic') return null;
  const [content] = listOf(basic.extension).filter(({ url }) => url === CONTENT);
  if (typeof content?.valueString !== 'string') return null;
  const kept = parsed(content.valueString);
  if (!isRecord(kept)) return null;
  const { resourceType, ...rest } = kept as Resource;
  return isBilling(resourceType) ? { resourceType, ...rest, ...(isRecord(basic.meta) && { meta: basic.meta }) } : null;
}

/** Undefined for what somebody else has put there: it must not break a search that finds it. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** An answer whose Basics are again what they stand for, in bundles too. */
export function withoutBasics<T extends object>(answer: T): T {
  const { entry } = answer as { entry?: unknown };
  if (!Array.isArray(entry)) return (fromBasic(answer) as T | null) ?? answer;
  return { ...answer, entry: entry.map((each) => (isRecord(each) ? entryOf(each) : each)) };
}

function entryOf(entry: Record<string, unknown>): Record<string, unknown> {
  const resource = fromBasic(entry.resource);
  const own = resource ? `${resource.resourceType}/${resource.id}` : null;
  const response = isRecord(entry.response) ? { response: renamed(entry.response, 'location', own) } : {};
  return { ...renamed(entry, 'fullUrl', own), ...response, ...(resource && { resource }) };
}

/** With `…/Basic/BillingCase.7` as `BillingCase/7`, where the field is there. */
function renamed(from: Record<string, unknown>, name: string, own: string | null): Record<string, unknown> {
  const [, type = '', id = ''] = /(?:^|\/)Basic\/([A-Z][A-Za-z]+)\.([A-Za-z0-9.-]+)/.exec(String(from[name])) ?? [];
  if (own !== null && from[name] !== undefined) return { ...from, [name]: own };
  return isBilling(type) ? { ...from, [name]: `${type}/${id}` } : from;
}

/** The same search among Basics. Throws `INVALID` for what cannot be asked there. */
export function toBasicQuery(type: string, query: Query): Query {
  const asked = query.flatMap(([name, value]): [string, string][] => {
    // The server's own links repeat what was added here.
    if (name === 'code' && value === `${TYPE}|${type}`) return [];
    if (name === '_id')
      return [
        [
          name,
          values(value)
            .map((id) => basicId(type, id))
            .join(','),
        ],
      ];
    if (COMMON.has(name)) return [[name, value]];
    const field = name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
    if (!/^[a-z][A-Za-z]*$/.test(field) || /period$|date$|amount/i.test(field) || value.includes('|')) {
      throw refused(`${type} cannot be searched by ${name} on this server, which does not know the type`);
    }
    return [
      [
        'identifier',
        values(value)
          .map((each) => `${FIELD}${field}|${each}`)
          .join(','),
      ],
    ];
  });
  return [['code', `${TYPE}|${type}`], ...asked];
}

function values(value: string): string[] {
  return value.split(',');
}

/** A call that a Basic cannot stand in for. */
export function refused(text: string): CapabilityError {
  return new CapabilityError('INVALID', `fhir: ${text}`);
}

/** A field as it is searched for: texts, and references with and without their type. */
function tokensOf(name: string, value: unknown): object[] {
  const texts = [value].flat().flatMap((each): string[] => {
    if (typeof each === 'string' || typeof each === 'boolean') return [String(each)];
    if (!isRecord(each) || typeof each.reference !== 'string') return [];
    return [each.reference, each.reference.split('/').at(-1) ?? ''];
  });
  const usable = texts.filter((text) => text !== '' && text.length <= MAX_TOKEN && !text.startsWith('#'));
  return [...new Set(usable)].map((text) => ({ system: `${FIELD}${name}`, value: text }));
}

function listOf(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}
