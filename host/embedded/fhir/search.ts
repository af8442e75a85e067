/** One search: which rows match, in which order, and the page of them that was asked for. */
import {
  evalFhirPathTyped,
  type FhirPathAtom,
  type Filter,
  getSearchParameter,
  matchesSearchRequest,
  Operator,
  parseFhirPath,
  type SearchRequest,
  type SortRule,
  splitSearchOnComma,
  toTypedValue,
  typedValueToString,
} from '@medplum/core';
import type { Resource, SearchParameter } from '@medplum/fhirtypes';
import { matchesComposite } from './composite.ts';
import { compositeCode } from './definitions.ts';
import { identifierWord, referenceWord } from './mentions.ts';
import { refuse } from './outcome.ts';
import type { Narrowing, Store } from './store.ts';

/** A page of matches, as stored JSON, and how many there are in all. */
export interface Page {
  readonly contents: readonly string[];
  readonly total: number;
  readonly offset: number;
  /** Offset of the next page; null on the last one. */
  readonly next: number | null;
}

const DEFAULT_COUNT = 100;
const MAX_COUNT = 1000;
const MAX_PAGE_BYTES = 16 * 2 ** 20;

const SEARCHED: ReadonlySet<string> = new Set(['reference', 'string', 'uri', 'token', 'date', 'composite']);
const DATE_OPERATORS: readonly Operator[] = ['lt', 'le', 'gt', 'ge', 'sa', 'eb', 'ap'];
const OPERATORS: ReadonlySet<Operator> = new Set(['eq', 'ne', 'not', 'missing', 'contains', ...DATE_OPERATORS]);

/**
 * Searches one partition, or all for `tenant` null. Reads row by row, so memory holds one page and an index of matches.
 * Throws a refusal (400) for a parameter, modifier or sort order it does not know: an empty answer would be a wrong one.
 */
export function searchPage(store: Store, tenant: string | null, request: SearchRequest): Page {
  const type = request.resourceType;
  const filters = (request.filters ?? []).map((filter) => checked(type, filter));
  const plain = { ...request, filters: filters.filter(({ code }) => parameterOf(type, code).type !== 'composite') };
  const composite = filters.filter((filter) => !plain.filters.includes(filter));
  const sorted = (request.sortRules ?? []).map((rule) => parseFhirPath(parameterOf(type, rule.code).expression ?? ''));
  const found: { readonly row: number; readonly keys: readonly (string | undefined)[] }[] = [];
  for (const { row, content } of store.scan(tenant, type, narrow(type, filters))) {
    if (filters.length === 0 && sorted.length === 0) {
      found.push({ row, keys: [] });
      continue;
    }
    const resource = JSON.parse(content) as Resource;
    if (!matchesSearchRequest(resource, plain)) continue;
    if (!composite.every((filter) => matchesComposite(resource, parameterOf(type, filter.code), filter))) continue;
    found.push({ row, keys: sorted.map((path) => sortKey(resource, path)) });
  }
  if (sorted.length > 0) found.sort((a, b) => compare(a.keys, b.keys, request.sortRules ?? []));
  const offset = bounded(request.offset, 0, Number.MAX_SAFE_INTEGER, '_offset');
  const count = bounded(request.count, DEFAULT_COUNT, MAX_COUNT, '_count');
  const rows = found.slice(offset, offset + count).map(({ row }) => row);
  const contents = store.contents(rows, MAX_PAGE_BYTES);
  const next = offset + contents.length;
  return { contents, total: found.length, offset, next: next < found.length && count > 0 ? next : null };
}

function parameterOf(type: string, code: string): SearchParameter {
  const parameter = getSearchParameter(type, code) ?? getSearchParameter(type, compositeCode(code));
  if (parameter?.expression && SEARCHED.has(parameter.type)) return parameter;
  throw refuse(`${type} cannot be searched or sorted by "${code}"`);
}

function checked(type: string, filter: Filter): Filter {
  const parameter = parameterOf(type, filter.code);
  if (!OPERATORS.has(filter.operator)) throw refuse(`"${filter.code}" has no modifier "${filter.operator}"`);
  return parameter.type === 'reference' ? { ...filter, value: typedReferences(parameter, filter.value) } : filter;
}

/** `encounter=e1` means a reference to e1 of any type the parameter may point to. */
function typedReferences({ target }: SearchParameter, value: string): string {
  if (value === 'true' || value === 'false') return value;
  const typed = splitSearchOnComma(value).flatMap((each) =>
    each.includes('/') || each === '' || !target ? each : target.map((type) => `${type}/${each}`),
  );
  return typed.join(',');
}

/** What the store can leave out by itself. Each rule keeps every match; it may keep more. */
function narrow(type: string, filters: readonly Filter[]): Narrowing {
  let ids: string[] | null = null;
  const words: string[][] = [];
  for (const { code, operator, value } of filters) {
    if (operator !== Operator.EQUALS) continue;
    const values = splitSearchOnComma(value);
    if (code === '_id') ids = values.filter((each) => ids === null || ids.includes(each));
    else if (code === 'identifier') words.push(...identifierWords(values));
    else if (parameterOf(type, code).type === 'reference' && type !== 'Bundle' && values.every(isLiteral)) {
      words.push(values.map(referenceWord));
    }
  }
  return { ids, words };
}

function isLiteral(reference: string): boolean {
  return /^[A-Z][A-Za-z]*\/[A-Za-z0-9.-]+$/.test(reference);
}

/** `system|` alone names no value, so such a list narrows nothing. */
function identifierWords(values: readonly string[]): string[][] {
  const words = values.map((each) => {
    const [system = '', value] = each.includes('|') ? each.split('|') : ['', each];
    return value ? identifierWord(system === '' ? undefined : system, value) : null;
  });
  return words.every((word) => word !== null) ? [words] : [];
}

function sortKey(resource: Resource, path: FhirPathAtom): string | undefined {
  const [first] = evalFhirPathTyped(path, [toTypedValue(resource)]);
  if (first === undefined) return undefined;
  const { start, end } = (first.value ?? {}) as { start?: string; end?: string };
  return start ?? end ?? typedValueToString(first);
}

/** Resources without a value come last in either direction. */
function compare(a: readonly (string | undefined)[], b: typeof a, rules: readonly SortRule[]): number {
  for (const [index, { descending }] of rules.entries()) {
    const [left, right] = [a[index], b[index]];
    if (left === right) continue;
    if (left === undefined) return 1;
    if (right === undefined) return -1;
    return left < right === Boolean(descending) ? 1 : -1;
  }
  return 0;
}

function bounded(value: number | undefined, standard: number, most: number, name: string): number {
  if (value === undefined) return standard;
  if (!Number.isSafeInteger(value) || value < 0) throw refuse(`${name} is not a whole number from 0`);
  return Math.min(value, most);
}
