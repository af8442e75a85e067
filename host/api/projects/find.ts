/** Finds the project that a request is about, for callers who may see it. */
import type { Request } from '@hapi/hapi';
import { z } from 'zod';
import { type ProjectRow, type ProjectWorkflowRow, QueueError, type Store } from '../../../registry/index.ts';
import { ApiError } from '../../error.ts';
import type { RunNamed } from '../../projects/runs.ts';
import { regarding } from '../audit.ts';
import { type Call, need } from '../endpoint.ts';
import { shown } from '../query.ts';
import type { ApiParts } from '../server.ts';

const UUID = z.guid();

/** The database of projects. Throws `NOT_CONFIGURED`. */
export function tables({ rows }: ApiParts): Store {
  return need(rows, 'database for projects');
}

/** An id of the path. Throws `BODY_INVALID` for what is no UUID. */
export function uuidOf({ params }: Pick<Call, 'params'>, name: string): string {
  const id = params[name];
  if (UUID.safeParse(id).success) return String(id).toLowerCase();
  throw new ApiError('BODY_INVALID', `path ${name}: found ${shown(id)}, expected a UUID`, {
    where: `path ${name}`,
    found: shown(id),
    expected: 'a UUID',
  });
}

/** The project of the path. Rejects with `PROJECT_NOT_FOUND` for one that is not there, or is another tenant's. */
export async function projectOf(call: Call, parts: ApiParts): Promise<ProjectRow> {
  return projectFor(call, parts, uuidOf(call, 'projectId'));
}

/** The project of this id, as `projectOf` finds it. What is done is said to be about it. */
export async function projectFor(
  { caller, request }: Pick<Call, 'caller' | 'request'>,
  parts: ApiParts,
  id: string,
): Promise<ProjectRow> {
  const tenant = caller?.tenant ?? null;
  const found = await tables(parts).getProject(id.toLowerCase());
  if (found === null || (tenant !== null && found.tenant !== tenant)) throw noProject(id);
  about(request, found);
  return found;
}

/** Which run of a workflow id is meant, in the query. */
export const RUN_QUERY = {
  runId: z
    .string({ error: 'expected a UUID' })
    .regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, 'expected a UUID')
    .optional()
    .meta({ description: 'Absent: the latest run of the workflow id.' }),
};

/** The run of the path. */
export function runNamed({ params, query }: Pick<Call<{ runId?: string | undefined }>, 'params' | 'query'>): RunNamed {
  return { workflowId: String(params.workflowId), runId: query.runId };
}

/** A workflow with its project. */
export interface OwnedWorkflow {
  readonly project: ProjectRow;
  readonly workflow: ProjectWorkflowRow;
}

/** The workflow of this id. Rejects with `WORKFLOW_NOT_FOUND`, also for one of a project that the caller may not see. */
export async function workflowFor(
  call: Pick<Call, 'caller' | 'request'>,
  parts: ApiParts,
  id: string,
): Promise<OwnedWorkflow> {
  const workflow = await tables(parts).getProjectWorkflow(id.toLowerCase());
  if (workflow === null) throw noWorkflow(id);
  const project = await projectFor(call, parts, workflow.projectId).catch((error: unknown) => {
    throw error instanceof ApiError && error.code === 'PROJECT_NOT_FOUND' ? noWorkflow(id) : error;
  });
  return { project, workflow };
}

/** There is none, or not for this caller. */
export function noWorkflow(id: string): ApiError {
  return new ApiError('WORKFLOW_NOT_FOUND', `workflows: found no row ${id}, expected an existing workflow`, {
    where: 'workflows',
    found: `no row ${id}`,
    expected: 'an existing workflow',
  });
}

/** Says for the audit which project a call is about. */
export function about(request: Request, { id, tenant }: ProjectRow): void {
  regarding(request, { tenant, target: { project: id } });
}

/** There is none, or not for this caller. */
export function noProject(id: string): ApiError {
  return new ApiError('PROJECT_NOT_FOUND', `projects: found no row ${id}, expected an existing project`, {
    where: 'projects',
    found: `no row ${id}`,
    expected: 'an existing project',
  });
}

/** Tells a client of what the registry does not take of it. */
export function told(error: unknown): never {
  if (!(error instanceof QueueError)) throw error;
  const { code, message, found, expected } = error;
  const details = { where: 'body taskQueueName', found, expected };
  throw new ApiError(code === 'TASK_QUEUE_IN_USE' ? code : 'BODY_INVALID', message, details);
}
