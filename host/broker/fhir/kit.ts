/** The library's client, for servers other than Aidbox: pages by opaque links, billing resources where the types are unknown. */
import {
  type BundleParams,
  Client,
  type ClientConfig,
  type CreateParams,
  type DeleteParams,
  type FhirResource,
  type PatchParams,
  type ReadParams,
  type RequestOptions,
  type SearchCallParams,
  type SearchParams,
  type UpdateParams,
} from 'fhir-kit-client';
import { CapabilityError } from '../capability.ts';
import { applyOperations } from './apply.ts';
import { isRecord, type Query, type Resource } from './argument.ts';
import { basicId, isBilling, refused, toBasic, toBasicQuery, withoutBasics } from './basic.ts';
import { derivedId } from './bundle.ts';
import { toCapabilityError } from './failure.ts';

/** Whether a base of the server was seen to know a type, by both; filled as types are met. One for all clients of a server. */
export type KnownTypes = Map<string, Promise<boolean>>;

const PATCH_TRIES = 4;

/** Speaks as `Client` does. What the server does not know of billing it keeps as `Basic`. */
export class OtherClient extends Client {
  readonly #known: KnownTypes;

  constructor(config: ClientConfig, known: KnownTypes) {
    super(config);
    this.#known = known;
  }

  override async read(params: ReadParams): Promise<FhirResource> {
    const { resourceType, id } = params;
    if (await this.#knows(resourceType)) return super.read(params);
    const found = await super.read({ ...params, resourceType: 'Basic', id: basicId(resourceType, id) });
    const resource = withoutBasics(found);
    if (resource.resourceType === resourceType && resource.id === id) return resource;
    throw new CapabilityError('NOT_FOUND', 'fhir: no such resource');
  }

  /** HAPI would answer from the same search of a minute before, and its links to further pages name no type. */
  override async search({
    resourceType = '',
    searchParams = {},
    options = {},
  }: SearchCallParams): Promise<FhirResource> {
    const fresh = { ...options, headers: { ...options.headers, 'cache-control': 'no-cache' } };
    if ('_getpages' in searchParams) return withoutBasics(await super.search({ searchParams, options }));
    if (await this.#knows(resourceType)) return super.search({ resourceType, searchParams, options: fresh });
    const asked = basicSearch(resourceType, searchParams);
    return withoutBasics(await super.search({ resourceType: 'Basic', searchParams: asked, options: fresh }));
  }

  /** Of a conditional create the id comes from its condition, so that one made before is found without a search. */
  override async create(params: CreateParams): Promise<FhirResource> {
    const { resourceType, body, options = {} } = params;
    if (await this.#knows(resourceType)) return super.create(params);
    const { 'if-none-exist': condition = crypto.randomUUID(), ...headers } = options.headers ?? {};
    const id = derivedId(`${resourceType}?${condition}`);
    const asked = { resourceType, id, options: { ...options, headers } };
    return this.read(asked).catch((error: unknown) => {
      if (toCapabilityError(error).code !== 'NOT_FOUND') throw error;
      return this.update({ ...asked, body: { ...body, id } });
    });
  }

  override async update(params: UpdateParams): Promise<FhirResource> {
    const { resourceType, id, body } = params;
    if (id === undefined || (await this.#knows(resourceType))) return super.update(params);
    const basic = toBasic({ ...body, id });
    return withoutBasics(await super.update({ ...params, resourceType: 'Basic', id: basic.id, body: { ...basic } }));
  }

  override async delete(params: DeleteParams): Promise<FhirResource> {
    const { resourceType, id } = params;
    if (await this.#knows(resourceType)) return super.delete(params);
    return super.delete({ ...params, resourceType: 'Basic', id: basicId(resourceType, id) });
  }

  /** Applied here, to the version that is there, and again when another write was faster. */
  override async patch(params: PatchParams): Promise<FhirResource> {
    const { resourceType, id, jsonPatch, options = {} } = params;
    if (await this.#knows(resourceType)) return super.patch(params);
    for (let tries = 1; ; tries += 1) {
      const body = { ...(await this.read({ resourceType, id, options })) };
      const version = isRecord(body.meta) ? body.meta.versionId : undefined;
      const problem = applyOperations(body, jsonPatch);
      if (problem !== null) throw refused(`patch: ${problem}`);
      if (body.resourceType !== resourceType || body.id !== id) throw refused('a patch cannot change type or id');
      const headers = { ...options.headers, ...(typeof version === 'string' && { 'if-match': `W/"${version}"` }) };
      try {
        return await this.update({ resourceType, id, body, options: { ...options, headers } });
      } catch (error) {
        if (tries === PATCH_TRIES || toCapabilityError(error).code !== 'CONFLICT') throw error;
      }
    }
  }

  override async transaction({ body, ...more }: BundleParams): Promise<FhirResource> {
    const entries = (Array.isArray(body.entry) ? body.entry : []) as Entry[];
    const types = [...new Set(entries.map(({ request }) => typeOf(request.url)))];
    const lacking = new Set<string>();
    for (const { request } of entries) if (body.type === 'transaction') await this.#mustBeNew(request, more.options);
    for (const type of types) if (!(await this.#knows(type))) lacking.add(type);
    if (lacking.size === 0) return super.transaction({ body, ...more });
    const targets = new Map(entries.map(({ fullUrl, request }) => [fullUrl, request.url]));
    const entry = entries.map((each) => (lacking.has(typeOf(each.request.url)) ? asBasic(each, targets) : each));
    return withoutBasics(await super.transaction({ body: { ...body, entry }, ...more }));
  }

  /** HAPI writes over what is there, whatever `ifNoneMatch` says; so it is looked for first. */
  async #mustBeNew({ method, url, ifNoneMatch }: Entry['request'], options: RequestOptions = {}): Promise<void> {
    const [resourceType, id, ...more] = url.split('/');
    if (method !== 'PUT' || ifNoneMatch !== '*' || !resourceType || !id || more.length > 0) return;
    const found = await this.read({ resourceType, id, options }).catch((error: unknown) => {
      if (toCapabilityError(error).code !== 'NOT_FOUND') throw error;
      return null;
    });
    if (found) throw new CapabilityError('CONFLICT', `fhir: ${url} exists, expected none`);
  }

  /** Only the billing types are asked for. Not remembered when the server does not answer. */
  async #knows(type: string): Promise<boolean> {
    if (!isBilling(type)) return true;
    const key = this.#keyOf(type);
    const known = this.#known.get(key) ?? this.#ask(type);
    this.#known.set(key, known);
    return known;
  }

  /** A base that is not there knows no type at all, which says nothing of the base of another tenant. */
  #keyOf(type: string): string {
    return `${this.baseUrl}/${type}`;
  }

  async #ask(type: string): Promise<boolean> {
    try {
      await super.search({ resourceType: type, searchParams: { _count: 1 } });
      return true;
    } catch (error) {
      const { code } = toCapabilityError(error);
      if (code === 'NOT_FOUND' || code === 'INVALID') return false;
      this.#known.delete(this.#keyOf(type));
      throw error;
    }
  }
}

interface Entry {
  readonly fullUrl?: string;
  readonly resource?: Resource;
  readonly request: { readonly method: string; readonly url: string; readonly ifNoneMatch?: string };
}

function basicSearch(type: string, params: SearchParams): SearchParams {
  const query: Query = Object.entries(params).flatMap(([name, value]) =>
    [value].flat().map((each) => [name, String(each)] as const),
  );
  const asked = new Map<string, string[]>();
  for (const [name, value] of toBasicQuery(type, query)) asked.set(name, [...(asked.get(name) ?? []), value]);
  return Object.fromEntries(asked);
}

function typeOf(url: string): string {
  return /^[A-Za-z]+/.exec(url)?.[0] ?? '';
}

/** References of the bundle's own entries are resolved here: the server does not look into the content of a Basic. */
function asBasic({ resource, request, ...more }: Entry, targets: ReadonlyMap<string | undefined, string>): object {
  const [, type = '', id] = /^([A-Za-z]+)\/([A-Za-z0-9.-]+)$/.exec(request.url) ?? [];
  if (request.method === 'PATCH' || id === undefined) {
    const found = `${request.method} ${typeOf(request.url)}`;
    throw refused(
      `${found} in a bundle: the server does not know the type, expected GET, PUT or DELETE of one, or POST`,
    );
  }
  const url = `Basic/${basicId(type, id)}`;
  if (resource === undefined) return { ...more, request: { ...request, url } };
  const resolved = JSON.stringify({ ...resource, id }).replace(/urn:(?:uuid|oid):[A-Za-z0-9.-]+/g, (urn) => {
    const target = targets.get(urn);
    return target?.includes('/') ? target : urn;
  });
  return { ...more, resource: toBasic(JSON.parse(resolved)), request: { ...request, url } };
}
