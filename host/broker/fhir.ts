import { isDeepStrictEqual } from 'node:util';
import { type Capability, CapabilityError, type Method, type RunContext } from './capability.ts';
import {
  badArgument,
  parseArguments,
  parseId,
  parseParameters,
  parseResource,
  parseType,
  type Resource,
} from './fhir/argument.ts';
import { derivedId, parseBundle } from './fhir/bundle.ts';
import { FhirClient, type FhirOptions } from './fhir/client.ts';
import { asTransaction, foreignAsMissing } from './fhir/failure.ts';
import { type FhirHost, hostCalls } from './fhir/host.ts';
import { parseOperations } from './fhir/patch.ts';

export type { Resource } from './fhir/argument.ts';
export type { FhirOptions } from './fhir/client.ts';
export { type FhirHost, probeTenants } from './fhir/host.ts';

/** The capability, and the host's own way to the same server. */
export interface FhirCapability extends Capability {
  readonly host: FhirHost;
}

/** Beyond this a search goes as a form: servers take some 8 KiB of URL. */
const LONG_QUERY = 2000;

/**
 * The capability `fhir`, as `plugins/cloister.d.ts` describes it to scripts: `fhir.read {type, id}`, `fhir.search {type,
 * params}`, `fhir.create {resource}`, `fhir.update {resource}`, `fhir.patch {type, id, ops}`, `fhir.delete {type, id}`,
 * `fhir.transaction {bundle}`. The wall between tenants is the server's; the base of the run's tenant is the way to it.
 *
 * A write may be repeated by a later attempt: what it creates has an id made from the run's write key. `UNAVAILABLE` means
 * that it may or may not have happened.
 */
export function createFhirCapability(options: FhirOptions): FhirCapability {
  const client = new FhirClient(options);
  const own = new FhirClient({ ...options, inFlight: Number.POSITIVE_INFINITY });
  const methods = Object.entries(scriptCalls(client)).map(([name, method]) => [name, granted(name, method)] as const);
  return {
    methods: new Map(methods),
    host: hostCalls(own),
    close: async () => {
      await Promise.all([client.close(), own.close()]);
    },
  };
}

/** What changes nothing. Any other method is a write. */
const READS: readonly string[] = ['fhir.read', 'fhir.search'];

function granted(name: string, method: Method): Method {
  return async (args, context) => {
    if (!context.grants.capabilities.has('fhir')) {
      throw new CapabilityError('DENIED', 'capability "fhir" is not declared and granted', 'CAPABILITY_REFUSED');
    }
    if (context.grants.readOnly === true && !READS.includes(name)) {
      throw new CapabilityError(
        'DENIED',
        `${name}: found a write, expected a read or a search here`,
        'CAPABILITY_REFUSED',
      );
    }
    return method(parseArguments(args), context);
  };
}

function scriptCalls(client: FhirClient) {
  return {
    'fhir.read': async (args, context) => {
      const { type, id } = args as Record<string, unknown>;
      const target = { resourceType: parseType(type, 'read'), id: parseId(id) };
      return client
        .call(context.tenant, context, (fhir, options) => fhir.read({ ...target, options }))
        .catch(foreignAsMissing(context));
    },
    'fhir.search': async (args, context) => {
      const { type, params } = args as Record<string, unknown>;
      const resourceType = parseType(type, 'read');
      const query = parseParameters(params);
      const names = new Set(query.map(([name]) => name));
      const valuesOf = (name: string) => query.flatMap(([each, value]) => (each === name ? value : []));
      const searchParams = Object.fromEntries([...names].map((name) => [name, valuesOf(name)]));
      const postSearch = query.reduce((sum, [, value]) => sum + value.length, 0) > LONG_QUERY;
      return client.call(context.tenant, context, (fhir, options) =>
        fhir.search({ resourceType, searchParams, options: { ...options, postSearch } }),
      );
    },
    'fhir.create': async (args, context) => {
      const resource = parseResource((args as Record<string, unknown>).resource, context.tenant);
      const id = derivedId(context.nextWriteKey());
      const { resourceType } = resource;
      return client.call(context.tenant, context, (fhir, options) =>
        fhir.update({ resourceType, id, body: { ...resource, id }, options }),
      );
    },
    'fhir.update': async (args, context) => {
      const resource = parseResource((args as Record<string, unknown>).resource, context.tenant);
      const body = { ...resource, id: parseId(resource.id) };
      context.nextWriteKey();
      return update(client, context, body);
    },
    'fhir.patch': async (args, context) => {
      const { type, id, ops } = args as Record<string, unknown>;
      const target = {
        resourceType: parseType(type, 'write'),
        id: parseId(id),
        jsonPatch: parseOperations(ops, context.tenant),
      };
      context.nextWriteKey();
      return client
        .call(context.tenant, context, (fhir, options) => fhir.patch({ ...target, options }))
        .catch(foreignAsMissing(context));
    },
    'fhir.delete': async (args, context) => {
      const { type, id } = args as Record<string, unknown>;
      const target = { resourceType: parseType(type, 'write'), id: parseId(id) };
      context.nextWriteKey();
      await client
        .call(context.tenant, context, (fhir, options) => fhir.delete({ ...target, options }))
        .catch(foreignAsMissing(context))
        .catch((error: unknown) => {
          if (!(error instanceof CapabilityError && error.code === 'NOT_FOUND')) throw error;
        });
      return null;
    },
    'fhir.transaction': async (args, context) => {
      const body = parseBundle((args as Record<string, unknown>).bundle, context);
      const answer = client.call(context.tenant, context, (fhir, options) =>
        fhir.transaction({ body: { ...body }, options }),
      );
      return answer.catch((error: unknown) => {
        throw asTransaction(error);
      });
    },
  } satisfies Record<string, Method>;
}

/**
 * A resource that was read carries its version, and then must not have changed since. If it has, because an earlier attempt
 * wrote this very content, the write has already happened.
 */
async function update(client: FhirClient, context: RunContext, body: Resource & { id: string }): Promise<Resource> {
  const { resourceType, id } = body;
  const versionId = body.meta?.versionId;
  if (versionId !== undefined && (typeof versionId !== 'string' || !/^[A-Za-z0-9.-]{1,64}$/.test(versionId))) {
    throw badArgument('resource.meta.versionId: expected the id of a version');
  }
  const headers = versionId === undefined ? {} : { 'if-match': `W/"${versionId}"` };
  try {
    return await client.call(context.tenant, context, (fhir, options) =>
      fhir.update({ resourceType, id, body, options: { ...options, headers } }),
    );
  } catch (error) {
    if (versionId === undefined || !(error instanceof CapabilityError) || error.code !== 'CONFLICT') throw error;
    const current = await client.call(context.tenant, context, (fhir, options) =>
      fhir.read({ resourceType, id, options }),
    );
    if (isDeepStrictEqual(content(current), content(body))) return current;
    throw error;
  }
}

function content({ meta, ...rest }: Resource): unknown {
  const { versionId: _version, lastUpdated: _time, ...kept } = meta ?? {};
  return { ...rest, meta: kept };
}
