/** `/workers`: starting, stopping and watching project workers, as the Workflow Builder does. */

import type { RouteOptions } from '@hapi/hapi';
import { z } from 'zod';
import { type ProjectRow, StoreError } from '../../registry/index.ts';
import type { Diagnosis } from '../projects/diagnose.ts';
import type { ProjectWorkers } from '../projects/index.ts';
import type { ChangedWorker, WorkerView } from '../projects/types.ts';
import { type Call, endpoint, need } from './endpoint.ts';
import { projectFor, projectOf, tables, workflowFor } from './projects/find.ts';
import { problemView } from './projects/publish.ts';
import type { ApiParts } from './server.ts';
import { CHANGED, DETAIL, DIAGNOSIS, OF, PROJECT, RELOADED, STARTED, STATISTICS, VIEW } from './workers/schemas.ts';

const READS = { role: 'viewer', scope: 'workers:read', tenants: 'own' } as const;
const WRITES = { role: 'operator', scope: 'workers:write', tenants: 'own' } as const;

/** A worker takes its time: code is checked, what runs is waited for. Never longer than what a stop may take by force. */
const CONTROL: Pick<RouteOptions, 'payload' | 'timeout'> = {
  payload: { maxBytes: 64 * 1024 },
  timeout: { server: 120_000 },
};

const ACCEPTED = 'It is recorded, and the host that has the worker had not done it within 30 s.';

const statusOf = async (call: Call, parts: ApiParts): Promise<WorkerView> => {
  const { id } = await projectOf(call, parts);
  return control(parts).status(id);
};

/** Endpoints about project workers. */
export const workerEndpoints = [
  endpoint({
    method: 'POST',
    path: '/workers/start',
    operation: 'start-worker',
    tag: 'workers',
    summary: 'Starts the worker of a project; one that runs is left as it is.',
    access: WRITES,
    errors: ['PROJECT_NOT_FOUND', 'LEASE_HELD', 'HOST_FULL', 'WORKER_FAILED'],
    body: PROJECT,
    options: CONTROL,
    answers: { 200: { description: 'It runs, here or on another host.', schema: STARTED } },
    handler: async (call, parts) => {
      const { id } = await asked(call, parts);
      const { alreadyRunning, workerId, taskQueue, host, workflows, warnings } = await control(parts).start(id);
      const more = { alreadyRunning, workerId, taskQueue, host, workflows };
      return { ...done('started', id), ...more, warnings: warnings.map(problemView) };
    },
  }),
  endpoint({
    method: 'POST',
    path: '/workers/stop',
    operation: 'stop-worker',
    tag: 'workers',
    summary:
      'Stops the worker of a project on every host, when what it does is done; one that does not run is left as it is.',
    access: WRITES,
    errors: ['PROJECT_NOT_FOUND', 'LEASE_HELD', 'WORKER_FAILED'],
    body: PROJECT,
    options: CONTROL,
    answers: {
      200: { description: 'It does not run any more.', schema: CHANGED },
      202: { description: ACCEPTED, schema: CHANGED },
    },
    handler: async (call, parts) => {
      const { id } = await asked(call, parts);
      return changed(call, done('stopped', id), await control(parts).stop(id));
    },
  }),
  endpoint({
    method: 'POST',
    path: '/workers/restart',
    operation: 'restart-worker',
    tag: 'workers',
    summary: 'Stops the worker of a project and starts it again. New code needs no restart.',
    access: WRITES,
    errors: ['PROJECT_NOT_FOUND', 'LEASE_HELD', 'HOST_FULL', 'WORKER_FAILED'],
    body: PROJECT,
    options: CONTROL,
    answers: {
      200: { description: 'It runs again.', schema: CHANGED },
      202: { description: ACCEPTED, schema: CHANGED },
    },
    handler: async (call, parts) => {
      const { id } = await asked(call, parts);
      return changed(call, done('restarted', id), await control(parts).restart(id));
    },
  }),
  endpoint({
    method: 'POST',
    path: '/workers/reload',
    operation: 'reload-worker',
    tag: 'workers',
    summary: "Checks and compiles a project's code now, so that the next run finds it ready. No worker is stopped.",
    access: WRITES,
    errors: ['PROJECT_NOT_FOUND', 'WORKFLOW_NOT_FOUND', 'WORKER_FAILED'],
    body: OF,
    options: CONTROL,
    answers: { 200: { description: 'What the next run will use.', schema: RELOADED } },
    handler: async (call, parts) => {
      const project = await reloaded(call, parts);
      const { taskQueue, workflows, activities, warnings } = await control(parts).reload({ projectId: project.id });
      return {
        ...done('reloaded', project.id),
        taskQueue,
        workflows: workflows.map(({ id, name, types, digest }) => ({ id, name, types, digest })),
        activities: activities.map(({ name, version, digest }) => ({ name, version, digest })),
        warnings: warnings.map(problemView),
      };
    },
  }),
  endpoint({
    method: 'GET',
    path: '/workers',
    operation: 'list-workers',
    tag: 'workers',
    summary: 'Projects whose workers run on this host; with `scope=all` also where all others run.',
    access: READS,
    errors: [],
    query: z.object({
      scope: z.enum(['host', 'all'], { error: 'expected host or all' }).default('host'),
    }),
    answers: {
      200: {
        description: 'Their ids.',
        schema: z.object({ workers: z.array(z.string()), count: z.int(), details: z.array(DETAIL).optional() }),
      },
    },
    handler: async (call, parts) => {
      const isOwn = await ownership(call, parts);
      const workers = control(parts).running().filter(isOwn);
      const listed = { workers, count: workers.length };
      if (call.query.scope === 'host') return listed;
      const details = await control(parts).details();
      return { ...listed, details: details.filter(({ projectId }) => isOwn(projectId)) };
    },
  }),
  endpoint({
    method: 'GET',
    path: '/workers/status/{projectId}',
    operation: 'get-worker-status',
    tag: 'workers',
    summary: 'Status of the worker of a project, wherever it runs.',
    access: READS,
    errors: ['PROJECT_NOT_FOUND'],
    answers: { 200: { description: 'Of the newest start; `stopped` where there was none.', schema: VIEW } },
    handler: statusOf,
  }),
  endpoint({
    method: 'GET',
    path: '/workers/{projectId}/status',
    operation: 'get-worker-status-by-project',
    tag: 'workers',
    summary: 'The same under its other path.',
    access: READS,
    errors: ['PROJECT_NOT_FOUND'],
    answers: { 200: { description: 'As at `/workers/status/{projectId}`.', schema: VIEW } },
    handler: statusOf,
  }),
  endpoint({
    method: 'GET',
    path: '/workers/{projectId}',
    operation: 'get-worker',
    tag: 'workers',
    summary: 'Status and figures of the worker of a project.',
    access: READS,
    answers: { 200: { description: 'Both.', schema: VIEW.extend({ statistics: STATISTICS }).meta({ id: 'Worker' }) } },
    errors: ['PROJECT_NOT_FOUND'],
    handler: async (call, parts) => {
      const project = await projectOf(call, parts);
      return { ...(await control(parts).status(project.id)), statistics: await statistics(parts, project) };
    },
  }),
  endpoint({
    method: 'GET',
    path: '/workers/{projectId}/statistics',
    operation: 'get-worker-statistics',
    tag: 'workers',
    summary: 'Figures of the worker of a project, and of its task queue.',
    access: READS,
    answers: { 200: { description: 'Counters are since the worker’s start.', schema: STATISTICS } },
    errors: ['PROJECT_NOT_FOUND'],
    handler: async (call, parts) => statistics(parts, await projectOf(call, parts)),
  }),
  endpoint({
    method: 'GET',
    path: '/workers/{projectId}/diagnose',
    operation: 'diagnose-worker',
    tag: 'workers',
    summary: 'Looks for all that is known to go wrong with a project and its worker, and says what to do.',
    access: READS,
    options: { timeout: { server: 60_000 } },
    answers: { 200: { description: 'Every check, in the order of docs/troubleshooting.md.', schema: DIAGNOSIS } },
    errors: ['PROJECT_NOT_FOUND'],
    handler: diagnose,
  }),
];

/** What is wrong with a project. The host's own callers are told also where the database cannot be asked for the project. */
async function diagnose(call: Call, parts: ApiParts): Promise<Diagnosis> {
  const doctor = need(parts.doctor, 'project workers');
  // Who needs no token learns no address.
  const isHosts = call.caller?.tenant === null && call.caller.kind !== 'near';
  const project = await projectOf(call, parts).catch((error: unknown) => {
    if (isHosts && error instanceof StoreError && error.code === 'STORE_UNAVAILABLE') return null;
    throw error;
  });
  return doctor.diagnose(project, isHosts);
}

/** The worker's own figures, with those of its queue where Temporal answers. */
async function statistics(parts: ApiParts, { id, taskQueueName }: ProjectRow): Promise<Record<string, number>> {
  const [stats, queue] = await Promise.all([
    control(parts).statistics(id),
    need(parts.projectQueues, 'project workers')
      .read(taskQueueName)
      .catch(() => ({})),
  ]);
  return { ...stats, ...queue };
}

/** The workers of this host. Throws `NOT_CONFIGURED`. */
function control({ projects }: ApiParts): ProjectWorkers {
  return need(projects, 'project workers');
}

function asked(call: Call<unknown, { readonly projectId: string }>, parts: ApiParts): Promise<ProjectRow> {
  return projectFor(call, parts, call.body.projectId);
}

function done(what: 'started' | 'stopped' | 'restarted' | 'reloaded', id: string) {
  return { success: true as const, message: `Worker ${what} for project ${id}` };
}

function changed({ h }: Call, said: ReturnType<typeof done>, { accepted, workerId, warnings }: ChangedWorker) {
  const message = accepted ? `${said.message} is recorded, and under way on another host` : said.message;
  return h.response({ ...said, message, workerId, warnings: warnings.map(problemView) }).code(accepted ? 202 : 200);
}

/** The project of a reload, which may be named by one of its workflows. */
async function reloaded(call: Call<unknown, z.output<typeof OF>>, parts: ApiParts): Promise<ProjectRow> {
  const { projectId, workflowId } = call.body;
  if (workflowId === undefined) return projectFor(call, parts, String(projectId));
  return (await workflowFor(call, parts, workflowId)).project;
}

/** Which projects a caller may see. */
async function ownership({ caller }: Call<unknown>, parts: ApiParts): Promise<(projectId: string) => boolean> {
  const tenant = caller?.tenant ?? null;
  if (tenant === null) return () => true;
  const own = new Set((await tables(parts).listProjects(tenant)).map(({ id }) => id));
  return (projectId) => own.has(projectId);
}
