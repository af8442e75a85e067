/** FHIR as the host itself uses it, for its own resources, under a tenant that it names. */
import type { OpPatch } from 'fhir-kit-client';
import { CapabilityError } from '../capability.ts';
import type { Resource } from './argument.ts';
import { type FhirClient, type FhirOptions, FhirClient as Sender } from './client.ts';
import { OtherClient } from './kit.ts';

/** The host's own calls. All reject with `CapabilityError`. A null tenant is the server's base. */
export interface FhirHost {
  read(tenant: string | null, type: string, id: string): Promise<Resource>;
  search(tenant: string | null, type: string, params: Readonly<Record<string, string>>): Promise<Resource>;
  /** Creates unless a resource matches `ifNoneExist` (`identifier=system|value`); then resolves to that one. */
  create(tenant: string | null, resource: Resource, ifNoneExist: string): Promise<Resource & { id: string }>;
  patch(tenant: string | null, type: string, id: string, ops: readonly OpPatch[]): Promise<Resource>;
  /** Writes the whole resource under its id; creates it too. */
  update(tenant: string | null, resource: Resource & { readonly id: string }): Promise<Resource>;
  /** What is not there counts as deleted. */
  remove(tenant: string | null, type: string, id: string): Promise<void>;
  /** The server's CapabilityStatement. */
  statement(): Promise<Resource>;
  /** Rejects when the server does not answer. */
  ping(): Promise<void>;
}

/** The host's calls through a client of its own, so that no script's load holds them up. */
export function hostCalls(client: FhirClient): FhirHost {
  return {
    read: (tenant, resourceType, id) =>
      client.call(tenant, {}, (fhir, options) => fhir.read({ resourceType, id, options })),
    search: (tenant, resourceType, searchParams) =>
      client.call(tenant, {}, (fhir, options) => fhir.search({ resourceType, searchParams, options })),
    create: async (tenant, resource, ifNoneExist) => {
      const created = await client.call(tenant, {}, (fhir, options) => {
        const headers = { 'if-none-exist': ifNoneExist };
        const { resourceType } = resource;
        return fhir.create({ resourceType, body: { ...resource }, options: { ...options, headers } });
      });
      if (typeof created.id !== 'string') throw new CapabilityError('FAILED', 'fhir: the answer to a create has no id');
      return { ...created, id: created.id };
    },
    patch: (tenant, resourceType, id, ops) =>
      client.call(tenant, {}, (fhir, options) => fhir.patch({ resourceType, id, jsonPatch: [...ops], options })),
    update: (tenant, resource) =>
      client.call(tenant, {}, (fhir, options) => {
        const { resourceType, id } = resource;
        return fhir.update({ resourceType, id, body: { ...resource }, options });
      }),
    remove: async (tenant, resourceType, id) => {
      await client
        .call(tenant, {}, (fhir, options) => fhir.delete({ resourceType, id, options }))
        .catch((error: unknown) => {
          if (!(error instanceof CapabilityError && error.code === 'NOT_FOUND')) throw error;
        });
    },
    statement: () => client.call(null, {}, (fhir, options) => fhir.request('metadata', { options })),
    ping: async () => {
      await client.call(null, {}, (fhir, options) => {
        // The whole of HAPI's are 1.8 MB and seconds of work; Aidbox is asked as ever.
        const path = fhir instanceof OtherClient ? 'metadata?_elements=fhirVersion' : 'metadata';
        return fhir.request(path, { options });
      });
    },
  };
}

/**
 * Shows whether the server separates tenants: what is written under one may neither be read nor found under another. Leaves
 * nothing behind. Resolves in any case; `reason` says what was found, and is null when `ok`. `asked` is false when the server
 * did not answer, which shows nothing.
 */
export async function probeTenants(
  options: FhirOptions,
): Promise<{ readonly ok: boolean; readonly asked: boolean; readonly reason: string | null }> {
  if (options.mode === 'none') return { ok: false, asked: true, reason: 'FHIR_TENANT_MODE is none' };
  const client = new Sender(options);
  try {
    const reason = await probe(client, `cloister-probe-${crypto.randomUUID().slice(0, 8)}`);
    return { ok: reason === null, asked: true, reason };
  } catch (error) {
    return {
      ok: false,
      asked: !(error instanceof CapabilityError && error.code === 'UNAVAILABLE'),
      reason: `the probe did not succeed: ${error instanceof Error ? error.message : 'unknown reason'}`,
    };
  } finally {
    await client.close();
  }
}

async function probe(client: FhirClient, name: string): Promise<string | null> {
  const [one, other] = [`${name}-a`, `${name}-b`];
  const marker = { resourceType: 'Basic', id: name, code: { text: 'tenant separation probe' } };
  const write = (tenant: string | null, body: { resourceType: string; id: string }) =>
    client.call(tenant, {}, (fhir, options) =>
      fhir.update({ resourceType: body.resourceType, id: body.id, body, options }),
    );
  const remove = (tenant: string | null, resourceType: string, id: string) =>
    client.call(tenant, {}, (fhir, options) => fhir.delete({ resourceType, id, options })).catch(() => null);
  const found = async (tenant: string) => {
    const read = client.call(tenant, {}, (fhir, options) => fhir.read({ resourceType: 'Basic', id: name, options }));
    const search = client.call(tenant, {}, (fhir, options) =>
      fhir.search({ resourceType: 'Basic', searchParams: { _id: name }, options }),
    );
    const [resource, bundle] = await Promise.all([settled(read), settled(search)]);
    return resource !== null || (Array.isArray(bundle?.entry) && bundle.entry.length > 0);
  };
  try {
    for (const id of [one, other]) await write(null, { resourceType: 'Organization', id });
    await write(one, marker);
    if (!(await found(one))) return 'a resource written under a tenant cannot be read there';
    return (await found(other)) ? "another tenant's resource can be read" : null;
  } finally {
    await remove(one, 'Basic', name);
    for (const id of [one, other]) await remove(null, 'Organization', id);
  }
}

/** Null for what the server says is not there, or not for this tenant. Any other failure proves nothing, and is thrown. */
async function settled(answer: Promise<Resource>): Promise<Resource | null> {
  return answer.catch((error: { code?: string }) => {
    if (error.code === 'NOT_FOUND' || error.code === 'DENIED') return null;
    throw error;
  });
}
