/** `/projects`: making, showing and changing them. */
import { z } from 'zod';
import { ApiError } from '../../error.ts';
import type { ProjectRuns } from '../../projects/runs.ts';
import { isTenant } from '../../tenants.ts';
import type { Caller } from '../caller.ts';
import { endpoint, need } from '../endpoint.ts';
import { shown } from '../query.ts';
import { about, noProject, projectOf, tables, told } from './find.ts';
import { declarationOf, NEW_PROJECT, PROJECT, PROJECT_CHANGE, projectView } from './schemas.ts';

const READS = { role: 'viewer', scope: 'projects:read', tenants: 'own' } as const;
const WRITES = { role: 'developer', scope: 'projects:write', tenants: 'own' } as const;

/** Endpoints about the rows of projects. */
export const projectRowEndpoints = [
  endpoint({
    method: 'GET',
    path: '/projects',
    operation: 'list-projects',
    tag: 'projects',
    summary: 'Projects by name.',
    access: READS,
    query: z.object({
      tenant: z
        .string({ error: 'expected the id of one Organization' })
        .refine(isTenant, 'expected the id of an Organization')
        .optional()
        .meta({ description: "For callers of the host: this Organization's alone." }),
    }),
    answers: { 200: { description: 'The projects.', schema: z.object({ projects: z.array(PROJECT) }) } },
    errors: [],
    handler: async ({ caller, query }, parts) => {
      const own = caller?.tenant ?? null;
      // Of another tenant there is as much to see as of one that does not exist.
      if (own !== null && query.tenant !== undefined && query.tenant !== own) return { projects: [] };
      const found = await tables(parts).listProjects(own ?? query.tenant);
      return { projects: found.map(projectView) };
    },
  }),
  endpoint({
    method: 'POST',
    path: '/projects',
    operation: 'create-project',
    tag: 'projects',
    summary: 'Makes a project, with a task queue of its own.',
    access: WRITES,
    body: NEW_PROJECT,
    answers: { 201: { description: 'The project.', schema: PROJECT } },
    errors: ['TASK_QUEUE_IN_USE', 'TENANT_INVALID'],
    handler: async ({ caller, body, request, h }, parts) => {
      const { tenant: named, declaration, userId, ...rest } = body;
      const tenant = tenantOf(caller, named);
      const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
      const made = await tables(parts)
        .createProject({
          name: rest.name,
          ...given,
          tenant,
          userId: userId ?? null,
          declaration: declaration ? declarationOf(declaration) : null,
        })
        .catch(told);
      about(request, made);
      return h.response(projectView(made)).code(201);
    },
  }),
  endpoint({
    method: 'GET',
    path: '/projects/{projectId}',
    operation: 'get-project',
    tag: 'projects',
    summary: 'One project.',
    access: READS,
    answers: { 200: { description: 'The project.', schema: PROJECT } },
    errors: ['PROJECT_NOT_FOUND'],
    handler: async (call, parts) => projectView(await projectOf(call, parts)),
  }),
  endpoint({
    method: 'PATCH',
    path: '/projects/{projectId}',
    operation: 'change-project',
    tag: 'projects',
    summary: 'Changes what is given of a project. Its worker follows: at once, or for its queue when it is restarted.',
    access: WRITES,
    body: PROJECT_CHANGE,
    answers: { 200: { description: 'The project as it is now.', schema: PROJECT } },
    errors: ['PROJECT_NOT_FOUND', 'TASK_QUEUE_IN_USE'],
    handler: async (call, parts) => {
      const { declaration, ...rest } = call.body;
      const project = await projectOf(call, parts);
      const { taskQueueName: queue } = rest;
      if (queue !== undefined && queue !== project.taskQueueName) await assertNoOpenRuns(project, parts.projectRuns);
      const change = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
      const changed = await tables(parts)
        .changeProject(project.id, {
          ...change,
          ...(declaration !== undefined && { declaration: declaration && declarationOf(declaration) }),
        })
        .catch(told);
      if (changed === null) throw noProject(project.id);
      parts.projects?.follow(changed);
      return projectView(changed);
    },
  }),
];

/** Runs sit on the queue that they were started on, and would stay there. */
async function assertNoOpenRuns(project: Parameters<ProjectRuns['openRuns']>[0], runs: ProjectRuns | null) {
  const open = await need(runs, 'runs of projects').openRuns(project);
  if (open === 0) return;
  throw new ApiError('TASK_QUEUE_IN_USE', 'open runs sit on the task queue that would be given up', {
    where: 'body taskQueueName',
    found: `${open} open runs on ${shown(project.taskQueueName)}`,
    expected: 'none',
  });
}

/** A caller bound to a tenant makes projects of that one; another has to say whose it is to be. */
function tenantOf(caller: Caller | null, named: string | undefined): string {
  const own = caller?.tenant ?? null;
  if (own !== null && named !== undefined && named !== own)
    throw new ApiError('FORBIDDEN', 'a project of another tenant cannot be made', { where: 'body tenant' });
  const tenant = own ?? named;
  if (tenant !== undefined && isTenant(tenant)) return tenant;
  throw new ApiError('TENANT_INVALID', 'the tenant is not valid', {
    where: 'body tenant',
    found: shown(tenant),
    expected: '1 to 64 letters, digits, "-" or "."',
  });
}
