/** `GET /workflows`: the definitions of a branch, broken ones included. */
import { endpoint } from './endpoint.ts';
import { branchOf } from './query.ts';

/** Endpoints about workflow definitions. */
export const workflowEndpoints = [
  endpoint({
    method: 'GET',
    path: '/workflows',
    operation: 'list-workflows',
    tag: 'workflows',
    summary: 'All workflow definitions of a branch, broken ones included.',
    access: { role: 'viewer', scope: 'runs:read', tenants: 'own' },
    answers: { 200: { description: 'The definitions.' } },
    handler: async ({ request }, { shelf }) => ({ workflows: await shelf.workflows(branchOf(request)) }),
  }),
];
