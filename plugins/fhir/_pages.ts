import { fhir } from 'cloister';
import { parseQuery } from './_target.ts';
import type { Bundle, Params, Resource } from './_types.ts';

const PAGE = 200;
const MAX_PAGES = 50;

/** All matches of a search, over all its pages. Throws rather than leave some out. */
export async function searchAll<T extends Resource>(type: string, params: Params): Promise<T[]> {
  const found: T[] = [];
  let next: Params | null = { ...params, _count: PAGE };
  for (let page = 0; next !== null; page++) {
    if (page === MAX_PAGES) throw new Error(`${type}: found more than ${PAGE * MAX_PAGES} matches, expected fewer`);
    const bundle: Bundle<T> = await fhir.search<T>(type, next);
    for (const entry of bundle.entry ?? []) if (entry.resource?.resourceType === type) found.push(entry.resource);
    next = nextPage(bundle);
  }
  return found;
}

/** Resources of one type by id, in the order of `ids`; those that do not exist are left out. */
export async function readAll<T extends Resource>(type: string, ids: readonly string[]): Promise<T[]> {
  if (ids.length === 0) return [];
  const found = await searchAll<T>(type, { _id: [...new Set(ids)].join(',') });
  return [...new Set(ids)].flatMap((id) => found.find((one) => one.id === id) ?? []);
}

/** True for an error of a capability call with this code. */
export function failedWith(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}

/** The server's own URL is of no use to a script; the query of it is. */
function nextPage(bundle: Bundle): Params | null {
  const url = bundle.link?.find((link) => link.relation === 'next')?.url;
  if (url === undefined) return null;
  const params: Record<string, string[]> = {};
  for (const [name, value] of parseQuery(url.slice(url.indexOf('?') + 1)))
    params[name] = [...(params[name] ?? []), value];
  return params;
}
