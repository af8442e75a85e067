/** `GET /workflows`: the definitions of a branch, broken ones included. */
import type { ServerRoute } from '@hapi/hapi';
import { branchOf } from './query.ts';
import type { ApiOptions } from './server.ts';

/** Routes about workflow definitions. */
export function workflowRoutes({ shelf }: ApiOptions): ServerRoute[] {
  return [
    {
      method: 'GET',
      path: '/workflows',
      handler: async (request) => ({ workflows: await shelf.workflows(branchOf(request)) }),
    },
  ];
}
