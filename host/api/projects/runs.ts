/** `/projects/{projectId}/runs`: runs of a project's workflows. */
import { z } from 'zod';
import { ApiError } from '../../error.ts';
import { PENDING_STATES } from '../../projects/pending.ts';
import { RUN_STATUSES } from '../../projects/runs.ts';
import { isWorkflowId } from '../../temporal/workflows/names.ts';
import { endpoint, need } from '../endpoint.ts';
import { projectOf, RUN_QUERY, runNamed } from './find.ts';
import { PROJECT_PROBLEM } from './schemas.ts';

const READS = { role: 'viewer', scope: 'runs:read', tenants: 'own' } as const;
const WRITES = { role: 'operator', scope: 'runs:write', tenants: 'own' } as const;
const TYPE = 'expected the name of an exported workflow function, of 1 to 200 characters';

const STARTED = z
  .object({
    workflowId: z.string(),
    runId: z.string(),
    deduplicated: z.boolean(),
    warnings: z
      .array(PROJECT_PROBLEM)
      .meta({ description: 'What keeps the run from going on, such as a worker that does not run.' }),
  })
  .meta({ id: 'StartedProjectRun' });

const SUMMARY = {
  workflowId: z.string(),
  runId: z.string(),
  type: z.string(),
  status: z.enum(RUN_STATUSES),
  startedAt: z.string(),
  endedAt: z.string().nullable(),
  codeDigest: z
    .string()
    .nullable()
    .meta({ description: 'Of the code that it is pinned to; null before its first step.' }),
};
const LISTED = z.object(SUMMARY).meta({ id: 'ProjectRunListing' });
const FAILURE = z
  .object({
    code: z.string(),
    message: z.string(),
    stack: z.string().nullable(),
    get cause() {
      return FAILURE.nullable();
    },
  })
  .meta({ id: 'ProjectRunFailure', description: 'Why a run failed, and what was behind it.' });
const PENDING = z
  .object({
    id: z.string(),
    name: z.string(),
    status: z.enum(['pending', 'running']).meta({ description: '`pending`: it waits for an attempt.' }),
    state: z.enum(PENDING_STATES).meta({ description: "In Temporal's words." }),
    attempts: z.int().meta({ description: 'Number of the attempt that runs, or is waited for.' }),
    maximumAttempts: z.int().nullable().meta({ description: 'Null: it is tried for ever.' }),
    startedAt: z.string().nullable().meta({ description: 'When the last attempt began.' }),
    nextAttemptAt: z.string().nullable(),
    heartbeatAt: z.string().nullable(),
    error: FAILURE.nullable().meta({ description: 'What the last attempt failed of.' }),
  })
  .meta({ id: 'ProjectRunActivity' });
const RUN = z
  .object({
    ...SUMMARY,
    result: z.unknown(),
    failure: FAILURE.nullable(),
    pendingActivities: z.array(PENDING).meta({ description: 'Activities of an open run that have not ended.' }),
  })
  .meta({ id: 'ProjectRun' });

const LINES = 'expected a number from 1 to 1000';
const LOGS = z
  .object({
    lines: z.array(
      z.object({
        activity: z.string().nullable().meta({ description: "Its name; null for the workflow's own." }),
        activityId: z.string().nullable().meta({ description: 'Within the run.' }),
        attempt: z.int(),
        time: z.string(),
        level: z.enum(['debug', 'info', 'warn', 'error']),
        message: z.string(),
        data: z.unknown(),
      }),
    ),
    nextCursor: z.string().nullable().meta({ description: 'For the lines after these; null when there were no more.' }),
  })
  .meta({ id: 'ProjectRunLogs' });

/** Endpoints about runs of projects. */
export const projectRunEndpoints = [
  endpoint({
    method: 'POST',
    path: '/projects/{projectId}/runs',
    operation: 'run-project-workflow',
    tag: 'projects',
    summary: "Starts a run of one of the project's workflow types, on the project's task queue.",
    access: WRITES,
    starts: true,
    body: z.strictObject({
      type: z
        .string({ error: TYPE })
        .min(1, TYPE)
        .max(200, TYPE)
        .refine((text) => text.isWellFormed(), TYPE)
        .meta({ examples: ['emailProcessor'] }),
      args: z
        .array(z.unknown())
        .max(20, 'expected at most 20')
        .default([])
        .meta({ description: 'Arguments of the function, in order.' }),
      workflowId: z
        .string({ error: 'expected a text of 1 to 255 characters' })
        .refine(isWorkflowId, 'expected 1 to 255 characters that do not begin with temporal-sys-')
        .optional()
        .meta({
          description: "Temporal's workflow id; absent: a UUID. While a run has it, a second start finds that run.",
        }),
    }),
    answers: {
      200: { description: 'A run of this type was running under the id, and this is it.', schema: STARTED },
      202: { description: 'A new run.', schema: STARTED },
    },
    errors: ['PROJECT_NOT_FOUND', 'WORKFLOW_ID_TAKEN', 'WORKFLOW_INVALID'],
    handler: async (call, parts) => {
      const { type, args, workflowId } = call.body;
      const project = await projectOf(call, parts);
      const loaded = await need(parts.projectCode, 'project workers').plan(project, type);
      if (!loaded.ok) {
        const { code, message } = loaded;
        const { where = 'body type', found = message, expected = 'a type that can run' } = partsOf(message);
        throw new ApiError('WORKFLOW_INVALID', message, { problems: [{ code, where, found, expected }] });
      }
      const start = { type, args, ...(workflowId !== undefined && { workflowId }) };
      const started = await need(parts.projectRuns, 'project workers').start(project, start);
      const { status, isRunning } = await need(parts.projects, 'project workers').status(project.id);
      const warnings = isRunning ? [] : [notRunning(status)];
      return call.h.response({ ...started, warnings }).code(started.deduplicated ? 200 : 202);
    },
  }),
  endpoint({
    method: 'GET',
    path: '/projects/{projectId}/runs',
    operation: 'list-project-runs',
    tag: 'projects',
    summary: "Runs on the project's task queue: those that are open, then those that ended last.",
    access: READS,
    query: z.object({
      limit: z.coerce
        .number({ error: 'expected a number from 1 to 200' })
        .int('expected a number from 1 to 200')
        .min(1, 'expected a number from 1 to 200')
        .max(200, 'expected a number from 1 to 200')
        .default(50),
    }),
    answers: { 200: { description: 'The runs.', schema: z.object({ runs: z.array(LISTED) }) } },
    errors: ['PROJECT_NOT_FOUND'],
    handler: async (call, parts) => {
      const project = await projectOf(call, parts);
      return { runs: await need(parts.projectRuns, 'project workers').list(project, call.query.limit) };
    },
  }),
  endpoint({
    method: 'GET',
    path: '/projects/{projectId}/runs/{workflowId}',
    operation: 'get-project-run',
    tag: 'projects',
    summary: 'What became of a run: the latest of the workflow id, or the one that is named.',
    access: READS,
    query: z.object(RUN_QUERY),
    answers: { 200: { description: 'The run.', schema: RUN } },
    errors: ['PROJECT_NOT_FOUND', 'RUN_NOT_FOUND'],
    handler: async (call, parts) => {
      const project = await projectOf(call, parts);
      return need(parts.projectRuns, 'project workers').show(project, runNamed(call));
    },
  }),
  endpoint({
    method: 'GET',
    path: '/projects/{projectId}/runs/{workflowId}/logs',
    operation: 'get-project-run-logs',
    tag: 'projects',
    summary: 'What the workflow of a run and its activities logged, in order.',
    access: READS,
    query: z.object({
      ...RUN_QUERY,
      limit: z.coerce.number({ error: LINES }).int(LINES).min(1, LINES).max(1000, LINES).default(200),
      cursor: z
        .string({ error: 'expected the nextCursor of an earlier answer' })
        .regex(/^\d{1,16}$/, 'expected the nextCursor of an earlier answer')
        .optional(),
    }),
    answers: { 200: { description: 'A page of lines.', schema: LOGS } },
    errors: ['PROJECT_NOT_FOUND', 'RUN_NOT_FOUND'],
    handler: async (call, parts) => {
      const project = await projectOf(call, parts);
      const { limit, cursor = '0' } = call.query;
      const runs = need(parts.projectRuns, 'project workers');
      return need(await runs.lines(project, runNamed(call), Number(cursor), limit), 'table for what scripts log');
    },
  }),
];

/** The registry's sentences have three parts. */
function partsOf(message: string): { where?: string; found?: string; expected?: string } {
  const [, where, found, expected] = /^(.+?): found (.+), expected (.+)$/s.exec(message) ?? [];
  return where && found && expected ? { where, found, expected } : {};
}

/** The run waits in its queue: nothing is lost, and nothing happens. */
function notRunning(status: string) {
  return {
    code: 'WORKER_NOT_RUNNING',
    where: 'worker of the project',
    found: `status "${status}"`,
    expected: 'running: the run waits until POST /workers/start',
  };
}
