import { fhir } from 'cloister';
import { parseTarget } from './_target.ts';
import type { Bundle, Resource } from './_types.ts';

/** What to search for. */
export interface Input {
  /** `Type`, `Type?query` or `Type/id`. */
  url: string;
  /** Further parameters; a list repeats the parameter, null leaves it out. Not for `Type/id`. */
  params?: Record<string, unknown>;
}

/** What was found. */
export interface Output {
  /** Type `searchset`: one page, as the server sent it. For `Type/id`, that resource alone. */
  bundle: Bundle;
}

/** Shown beside an activity that has none of its own. */
export const description = 'Searches FHIR under the tenant of the run and returns one page of results.';

/** Throws for a URL that is not relative, and `NOT_FOUND` for a `Type/id` that does not exist. */
export async function main({ url, params = {} }: Input): Promise<Output> {
  const target = parseTarget('fhir/search url', url);
  const given = Object.entries(params).filter(([, value]) => value !== null && value !== undefined);
  if (target.id === null) return { bundle: await fhir.search(target.type, merge([...target.query, ...given])) };
  if (given.length > 0) throw new Error(`fhir/search params: found some with ${url}, expected none for one resource`);
  return { bundle: single(await fhir.read(target.type, target.id)) };
}

/** A name that comes twice, in the query or as a list, repeats the parameter. */
function merge(pairs: readonly (readonly [string, unknown])[]): Record<string, string[]> {
  const merged = new Map<string, string[]>();
  for (const [name, value] of pairs) merged.set(name, [...(merged.get(name) ?? []), ...texts(name, value)]);
  return Object.fromEntries(merged);
}

function texts(name: string, value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap((one) => texts(name, one));
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return [String(value)];
  throw new Error(`fhir/search params.${name}: found ${typeof value}, expected a string or a list of strings`);
}

function single(resource: Resource): Bundle {
  return { resourceType: 'Bundle', type: 'searchset', total: 1, entry: [{ resource, search: { mode: 'match' } }] };
}
