/** The library's repository over our store: what one partition sees, or for the unprefixed base what all see. */
import {
  formatSearchQuery,
  notFound,
  type Operation,
  OperationOutcomeError,
  Operator,
  preconditionFailed,
  type SearchRequest,
  type WithId,
} from '@medplum/core';
import {
  type CreateResourceOptions,
  type DeleteResourceOptions,
  FhirRepository,
  getExtraEntries,
  type ReadHistoryOptions,
  type UpdateResourceOptions,
} from '@medplum/fhir-router';
import type { Bundle, BundleEntry, Parameters, Reference, Resource } from '@medplum/fhirtypes';
import type { OpPatch } from 'fhir-kit-client';
import { applyOperations } from '../../broker/fhir/apply.ts';
import { isStoredType } from './definitions.ts';
import { wordsOf } from './mentions.ts';
import { ambiguous, answer, refuse } from './outcome.ts';
import { isId, parseResource } from './resource.ts';
import { searchPage } from './search.ts';
import { type Row, type Store, UNSCOPED } from './store.ts';
import { noteChange } from './topics.ts';

/** Whose resources, and the public address they have there (`http://…/Organization/a/fhir`). */
export interface Partition {
  readonly tenant: string | null;
  readonly base: string;
}

/**
 * A tenant sees and changes only its own partition: what lies elsewhere is missing to it. Without tenant everything is
 * seen, and a write goes to the partition that has the resource, else to the unscoped one.
 */
export class Repository extends FhirRepository {
  readonly #store: Store;
  readonly #partition: Partition;

  constructor(store: Store, partition: Partition) {
    super();
    this.#store = store;
    this.#partition = partition;
  }

  setMode(): void {}

  generateId(): string {
    return crypto.randomUUID();
  }

  /** The id that a resource comes with is not kept unless the library assigned it, as R4 says of create. */
  async createResource<T extends Resource>(resource: T, options?: CreateResourceOptions): Promise<WithId<T>> {
    const id = options?.assignedId && resource.id ? resource.id : this.generateId();
    return this.#save<T>({ ...resource, id } as T);
  }

  async readResource<T extends Resource>(type: string, id: string): Promise<WithId<T>> {
    return parsed<T>(this.#find(type, id) ?? missing());
  }

  async readReference<T extends Resource>({ reference = '' }: Reference<T>): Promise<WithId<T>> {
    const [type = '', id = '', ...more] = reference.split('/');
    if (more.length > 0 || !isStoredType(type) || !isId(id)) throw refuse('not a reference to a resource here');
    return this.readResource(type, id);
  }

  async readReferences<T extends Resource>(references: readonly Reference<T>[]): Promise<(T | Error)[]> {
    return Promise.all(references.map((each) => this.readReference<T>(each).catch((error: Error) => error)));
  }

  async readHistory<T extends Resource>(
    type: string,
    id: string,
    { offset = 0, limit = Number.POSITIVE_INFINITY }: ReadHistoryOptions = {},
  ): Promise<Bundle<WithId<T>>> {
    const versions = this.#store.versions({ tenant: this.#home(type, id), type, id });
    if (versions.length === 0) throw answer(notFound);
    const entry = versions.slice(offset, offset + limit).map(({ content, updated }) => ({
      fullUrl: `${this.#partition.base}/${type}/${id}`,
      request: { method: content === null ? ('DELETE' as const) : ('PUT' as const), url: `${type}/${id}` },
      response: { status: content === null ? '204' : '200', lastModified: updated },
      ...(content === null ? {} : { resource: JSON.parse(content) as WithId<T> }),
    }));
    return { resourceType: 'Bundle', type: 'history', total: versions.length, entry };
  }

  async readVersion<T extends Resource>(type: string, id: string, vid: string): Promise<WithId<T>> {
    const versions = this.#store.versions({ tenant: this.#home(type, id), type, id });
    const found = versions.find(({ version }) => String(version) === vid);
    if (!found?.content) throw answer(notFound);
    return JSON.parse(found.content) as WithId<T>;
  }

  async updateResource<T extends Resource>(resource: T, options?: UpdateResourceOptions): Promise<WithId<T>> {
    return this.#save(resource, options?.ifMatch);
  }

  /** A delete of what is not there succeeds, so that it may be repeated. */
  async deleteResource(type: string, id: string, options?: DeleteResourceOptions): Promise<void> {
    const current = this.#find(type, id);
    if (options?.ifMatch) checkVersion(current, options.ifMatch);
    if (!current) return;
    const key = { tenant: current.tenant, type, id };
    await this.#store.transaction(async () => {
      this.#store.remove(key, current.version + 1, new Date().toISOString());
      noteChange(this.#store, { ...key, before: current.content, content: null });
    });
  }

  async patchResource<T extends Resource>(
    type: T['resourceType'],
    id: string,
    patch: Operation[] | Parameters,
    options?: UpdateResourceOptions,
  ): Promise<WithId<T>> {
    if (!Array.isArray(patch)) throw refuse('expected a JSON Patch, a list of operations');
    const resource = await this.readResource<T>(type, id);
    const problem = applyOperations(resource, patch as OpPatch[]);
    if (problem !== null) throw refuse(problem);
    if (resource.resourceType !== type || resource.id !== id) throw refuse('a patch cannot change type or id');
    return this.#save(resource, options?.ifMatch);
  }

  async search<T extends Resource>(request: SearchRequest<T>): Promise<Bundle<WithId<T>>> {
    if (!isStoredType(request.resourceType)) throw answer(notFound);
    const { contents, total, offset, next } = searchPage(this.#store, this.#partition.tenant, request);
    const resources = contents.map((content) => JSON.parse(content) as WithId<T>);
    const entry: BundleEntry[] = resources.map((resource) => ({
      fullUrl: this.#address(resource.resourceType, resource.id),
      search: { mode: 'match' },
      resource,
    }));
    if (request.include || request.revInclude) {
      const fullUrl = (type: string, id: string) => this.#address(type, id);
      await getExtraEntries(this, request, resources, entry, { fullUrl, maxResults: MAX_ENTRIES });
    }
    const link = [this.#link('self', request, offset), ...(next === null ? [] : [this.#link('next', request, next)])];
    const found = entry.length > 0 ? { entry: entry as BundleEntry<WithId<T>>[] } : {};
    return { resourceType: 'Bundle', type: 'searchset', total, link, ...found };
  }

  async searchByReference<T extends Resource>(
    request: SearchRequest<T>,
    field: string,
    references: string[],
  ): Promise<Record<string, WithId<T>[]>> {
    const found: [string, WithId<T>[]][] = [];
    for (const value of references) {
      const filters = [...(request.filters ?? []), { code: field, operator: Operator.EQUALS, value }];
      found.push([value, await this.searchResources<T>({ ...request, filters })]);
    }
    return Object.fromEntries(found);
  }

  async withTransaction<R>(callback: (repository: this) => Promise<R>): Promise<R> {
    return this.#store.transaction(() => callback(this));
  }

  /** Whether the resource is there to be read. */
  has(type: string, id: string): boolean {
    return this.#find(type, id) !== undefined;
  }

  async #save<T extends Resource>(given: T, ifMatch?: string): Promise<WithId<T>> {
    const resource = parseResource(given);
    const { resourceType: type, id } = resource;
    const current = this.#find(type, id);
    if (ifMatch !== undefined) checkVersion(current, ifMatch);
    const key = { tenant: current?.tenant ?? this.#partition.tenant ?? UNSCOPED, type, id };
    const version = (current?.version ?? this.#store.lastVersion(key)) + 1;
    const updated = new Date().toISOString();
    const saved = { ...resource, meta: { ...resource.meta, versionId: String(version), lastUpdated: updated } };
    const content = JSON.stringify(saved);
    await this.#store.transaction(async () => {
      this.#store.put(key, { version, updated, content }, wordsOf(saved));
      noteChange(this.#store, { ...key, before: current?.content ?? null, content });
    });
    return saved as unknown as WithId<T>;
  }

  #find(type: string, id: string): Row | undefined {
    const [row, other] = this.#store.find({ tenant: this.#partition.tenant, type, id });
    if (other) throw answer(ambiguous);
    return row;
  }

  /** The partition whose history a reader means. */
  #home(type: string, id: string): string {
    return this.#partition.tenant ?? this.#find(type, id)?.tenant ?? UNSCOPED;
  }

  #address(type: string, id: string): string {
    return `${this.#partition.base}/${type}/${id}`;
  }

  #link(relation: string, request: SearchRequest, offset: number): { relation: string; url: string } {
    const query = formatSearchQuery({ ...request, ...(offset > 0 ? { offset } : {}) });
    return { relation, url: `${this.#partition.base}/${request.resourceType}${query}` };
  }
}

/** Matches of one page together with all that they include. */
const MAX_ENTRIES = 5000;

function parsed<T extends Resource>({ content }: Row): WithId<T> {
  return JSON.parse(content) as WithId<T>;
}

function missing(): never {
  throw new OperationOutcomeError(notFound);
}

function checkVersion(current: Row | undefined, ifMatch: string): void {
  if (!current || String(current.version) !== ifMatch) throw answer(preconditionFailed);
}
