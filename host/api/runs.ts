/** Starting and showing runs. */
import type { Request } from '@hapi/hapi';
import { ApiError } from '../error.ts';
import { refusalText } from '../quarantine.ts';
import type { RunStatus } from '../runs/view.ts';
import { endpoint } from './endpoint.ts';
import { branchOf, objectOf, shown, tenantOf, workflowOf } from './query.ts';
import type { ApiParts } from './server.ts';

const STATUSES: readonly string[] = ['in-progress', 'completed', 'failed'] satisfies RunStatus[];

/** Endpoints about runs. */
export const runEndpoints = [
  endpoint({
    method: 'POST',
    path: '/workflows/{id}/run',
    operation: 'run-workflow',
    tag: 'runs',
    summary: 'Starts a run with the body as its input.',
    access: { role: 'operator', scope: 'runs:write', tenants: 'own' },
    answers: { 200: { description: 'A run under the same id was running.' }, 202: { description: 'A new run.' } },
    // Compiling may have to install dependencies first; an answer that gave up would leave a run nobody knows of.
    options: { timeout: { server: false } },
    handler: async ({ request, h }, parts) => {
      const body = await startRun(parts, request);
      return h.response(body).code(body.deduplicated ? 200 : 202);
    },
  }),
  endpoint({
    method: 'GET',
    path: '/workflows/{id}/runs',
    operation: 'list-runs',
    tag: 'runs',
    summary: 'Runs of a workflow, newest first.',
    access: { role: 'viewer', scope: 'runs:read', tenants: 'own' },
    answers: { 200: { description: 'A page of runs.' } },
    handler: async ({ request, caller }, { runs, shelf }) => {
      const asked = branchOf(request);
      const branch = asked === '*' ? '*' : await shelf.branch(asked);
      return runs.list({ workflow: workflowOf(request), branch, tenant: caller?.tenant ?? null, ...pageOf(request) });
    },
  }),
  endpoint({
    method: 'GET',
    path: '/workflows/{id}/runs/{runId}',
    operation: 'get-run',
    tag: 'runs',
    summary: 'One run with its activities.',
    access: { role: 'viewer', scope: 'runs:read', tenants: 'own' },
    answers: { 200: { description: 'The run.' } },
    handler: async ({ request, caller, params }, { runs, shelf }) => {
      const branch = branchOf(request);
      if (branch !== null) await shelf.branch(branch);
      return runs.get(workflowOf(request), String(params.runId), caller?.tenant ?? null);
    },
  }),
];

async function startRun({ runs, shelf, ward, unscopedRuns }: ApiParts, request: Request) {
  const { _workflowId: named, ...input } = objectOf(request.payload);
  const tenant = tenantOf(input, unscopedRuns);
  const workflowId = workflowIdOf(named);
  const workflow = workflowOf(request);
  const { branch, warnings, pin } = await shelf.check(workflow, branchOf(request), input);
  // Where the store does not answer, the run is taken: each of its activities asks again, and waits.
  const quarantine = await ward?.standing(tenant, pin).catch(() => null);
  if (quarantine) throw new ApiError('COMMIT_QUARANTINED', refusalText(quarantine));
  const started = await runs.start({ workflow, branch, input, pin, ...(workflowId !== null && { workflowId }) });
  return {
    workflowId: started.workflowId,
    runId: started.runId,
    workflow: started.workflow,
    branch: started.branch,
    status: 'in-progress',
    deduplicated: started.deduplicated,
    ...(warnings.length > 0 && { warnings }),
  };
}

function workflowIdOf(value: unknown): string | null {
  if (value === undefined) return null;
  if (typeof value === 'string' && value !== '' && value.length <= 255 && value.isWellFormed()) return value;
  throw new ApiError('WORKFLOW_ID_INVALID', 'the workflow id is not valid', {
    where: 'body _workflowId',
    found: typeof value === 'string' ? `a string of ${value.length} characters` : typeof value,
    expected: 'a string of 1 to 255 characters',
  });
}

function pageOf(request: Request): { limit: number; cursor: string | null; status: RunStatus | null } {
  const { limit = '50', cursor, status } = request.query as Record<string, unknown>;
  const count = Number(limit);
  if (!Number.isInteger(count) || count < 1 || count > 200) throw queryError('limit', limit, 'a number from 1 to 200');
  if (status !== undefined && !STATUSES.includes(String(status))) {
    throw queryError('status', status, STATUSES.join(', '));
  }
  if (cursor !== undefined && !/^[\w-]{1,2048}$/.test(String(cursor))) {
    throw queryError('cursor', cursor, 'the nextCursor of an earlier answer');
  }
  return {
    limit: count,
    cursor: cursor === undefined ? null : String(cursor),
    status: status === undefined ? null : (String(status) as RunStatus),
  };
}

function queryError(name: string, found: unknown, expected: string): ApiError {
  return new ApiError('BODY_INVALID', `the query is not valid`, {
    where: `query ${name}`,
    found: shown(found),
    expected,
  });
}
