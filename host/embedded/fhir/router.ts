/** The library's router with what this server leaves out taken out, and what the library lacks put in. */
import { created, preconditionFailed } from '@medplum/core';
import { type FhirRouteHandler, FhirRouter } from '@medplum/fhir-router';
import { isStoredType } from './definitions.ts';
import { plainOutcome } from './outcome.ts';
import { Repository } from './repository.ts';
import { isRecord } from './resource.ts';

/** Left out: GraphQL, search over several types, and bundles, which `bundle.ts` takes (so none nests in another). */
const LEFT_OUT = new Set(['POST $graphql', 'GET ', 'POST ']);

const unknownType = plainOutcome('Unknown resource type', 'not-found');
const noBody = plainOutcome('Expected a resource as body', 'invalid');

/** The routes of single interactions; bundle entries take the same ones. */
export function createRouter(): FhirRouter {
  const router = new FhirRouter();
  const { routes } = router.router;
  for (const route of routes.splice(0)) {
    const path = route.path.map(({ value, param }) => (param ? `:${value}` : value)).join('/');
    if (LEFT_OUT.has(`${route.method} ${path}`)) continue;
    const isUpdate = `${route.method} ${path}` === 'PUT :resourceType/:id';
    routes.push({ ...route, handler: guarded(route.method, isUpdate ? update(route.handler) : route.handler) });
  }
  return router;
}

function guarded(method: string, handler: FhirRouteHandler): FhirRouteHandler {
  return async (request, ...rest) => {
    if (!isStoredType(request.params.resourceType ?? '')) return [{ ...unknownType, id: 'not-found' }];
    const takesResource = method === 'PUT' || method === 'POST';
    if (takesResource && !isRecord(request.body)) return [noBody];
    return handler(request, ...rest);
  };
}

/** Update creates too, and says so; `If-None-Match: *` lets it only create. */
function update(handler: FhirRouteHandler): FhirRouteHandler {
  return async (request, repository, ...rest) => {
    const { resourceType = '', id = '' } = request.params;
    const isNew = repository instanceof Repository && !repository.has(resourceType, id);
    if (!isNew && request.headers?.['if-none-match'] === '*') return [preconditionFailed];
    const [outcome, resource, options] = await handler(request, repository, ...rest);
    if (!resource) return [outcome];
    return options ? [isNew ? created : outcome, resource, options] : [isNew ? created : outcome, resource];
  };
}
