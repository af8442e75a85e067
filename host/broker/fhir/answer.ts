/** Takes addresses out of what the server answers: a script learns types and ids, not where its host finds them. */
import { isRecord, type Resource } from './argument.ts';

/**
 * The answer with `link.url`, `entry.fullUrl` and `entry.response.location` of bundles made relative (`Patient?_count=1`,
 * `Patient/1`, `?_getpages=1`), in bundles within bundles too. What cannot be made relative is left out. Resources stay as they are.
 */
export function withoutAddresses(answer: Resource): Resource {
  if (answer.resourceType !== 'Bundle') return answer;
  const link = listOf(answer.link).flatMap((each) => {
    const url = relative(each.url) ?? queryOf(each.url);
    // HAPI adds to its links what is the host's to ask for.
    return url === null ? [] : [{ ...each, url: url.replace(/(?<=[?&])_(?:pretty|format)=[^&]*(?:&|$)/g, '') }];
  });
  const entry = listOf(answer.entry).map(cleanEntry);
  return {
    ...answer,
    ...(answer.link === undefined ? {} : { link }),
    ...(answer.entry === undefined ? {} : { entry }),
  };
}

/** `Type`, `Type/id`, `Type/id/_history/v` or `Type?query` at the end of an address; null if it does not end in one. */
function relative(url: unknown): string | null {
  if (typeof url !== 'string') return null;
  const segment = '[A-Za-z0-9.-]{1,64}';
  const form = new RegExp(`(?:^|/)([A-Z][A-Za-z]{0,63}(?:/${segment}(?:/_history/${segment})?)?(?:\\?.*)?)$`, 's');
  return form.exec(url)?.[1] ?? null;
}

/** `?query` of the base itself, as HAPI's links to further pages are; null if there is none. */
function queryOf(url: unknown): string | null {
  const at = typeof url === 'string' ? url.indexOf('?_getpages=') : -1;
  return at < 0 ? null : String(url).slice(at);
}

function cleanEntry(entry: Record<string, unknown>): Record<string, unknown> {
  const { fullUrl, response, resource, ...rest } = entry;
  const url = typeof fullUrl === 'string' && fullUrl.startsWith('urn:') ? fullUrl : relative(fullUrl);
  return {
    ...(url === null ? {} : { fullUrl: url }),
    ...rest,
    ...(isRecord(resource) ? { resource: withoutAddresses(resource as unknown as Resource) } : {}),
    ...(isRecord(response) ? { response: cleanResponse(response) } : {}),
  };
}

function cleanResponse({ location, ...given }: Record<string, unknown>): Record<string, unknown> {
  const url = relative(location);
  // HAPI gives the bare version here, which no `ifMatch` would take.
  const isBare = typeof given.etag === 'string' && /^[A-Za-z0-9.-]{1,64}$/.test(given.etag);
  const rest = isBare ? { ...given, etag: `W/"${given.etag}"` } : given;
  return url === null ? rest : { ...rest, location: url };
}

function listOf(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}
