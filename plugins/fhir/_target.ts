/**
 * What a relative FHIR URL names. Only `Type`, `Type/id` and `Type?query` exist for scripts: the base, and with it the
 * tenant, is the host's.
 */
export interface Target {
  readonly type: string;
  readonly id: string | null;
  readonly query: Query;
}

/** Decoded pairs of a query, in order. */
export type Query = readonly (readonly [name: string, value: string])[];

const TYPE = '[A-Z][A-Za-z]{0,63}';
const FORMS = new RegExp(`^(${TYPE})(?:/([A-Za-z0-9.-]{1,64})|\\?([^#]*))?$`);

/** Throws for a scheme, a leading `/`, an `Organization/<id>/fhir` prefix, and any other form; `where` says whose URL it is. */
export function parseTarget(where: string, url: unknown): Target {
  const parts = typeof url === 'string' ? FORMS.exec(url) : null;
  const [, type, id, query] = parts ?? [];
  if (type === undefined || id === '.' || id === '..') {
    throw new Error(`${where}: found ${JSON.stringify(url)}, expected a relative URL: Type, Type/id or Type?query`);
  }
  return { type, id: id ?? null, query: parseQuery(query ?? '') };
}

/** Pairs of a query without its `?`. Throws a `URIError` for a broken escape. */
export function parseQuery(query: string): Query {
  return query.split('&').filter(Boolean).map(pair);
}

function pair(text: string): readonly [string, string] {
  const at = text.indexOf('=');
  return at < 0 ? [decode(text), ''] : [decode(text.slice(0, at)), decode(text.slice(at + 1))];
}

function decode(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '));
}
