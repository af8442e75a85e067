/** Runs of projects: ended, told something, and asked. */
import { createHash, randomUUID } from 'node:crypto';
import { z } from 'zod';
import { ApiError } from '../../error.ts';
import { RUN_STATUSES } from '../../projects/runs.ts';
import { keyOf } from '../../runs/idempotency.ts';
import { type Call, endpoint, need } from '../endpoint.ts';
import { shown } from '../query.ts';
import { ENDING, wordsOf } from '../runs/end.ts';
import type { ApiParts } from '../server.ts';
import { projectOf, RUN_QUERY, runNamed } from './find.ts';

const READS = { role: 'viewer', scope: 'runs:read', tenants: 'own' } as const;
const WRITES = { role: 'operator', scope: 'runs:write', tenants: 'own' } as const;
const ERRORS = ['PROJECT_NOT_FOUND', 'RUN_NOT_FOUND', 'RUN_CLOSED'] as const;
const IDS = { workflowId: z.string(), runId: z.string() };
const QUERY = z.object(RUN_QUERY);
const MOST_ARGS = 20;
const LONGEST_ARGS = 8192;
const NAME = 'expected a name of 1 to 200 characters that does not begin with "__"';
const ARGS = `expected a JSON array of at most ${MOST_ARGS}`;

/** Names that begin so are the SDK's own: what they tell is about the host. */
const isOwnName = (name: string): boolean => /^(?!__).{1,200}$/su.test(name) && name.isWellFormed();

const TOLD = z.object({ ...IDS, status: z.enum(RUN_STATUSES) }).meta({ id: 'ToldProjectRun' });

/** Endpoints that end runs of projects, and talk to them. */
export const projectControlEndpoints = [
  endpoint({
    method: 'POST',
    path: '/projects/{projectId}/runs/{workflowId}/cancel',
    operation: 'cancel-project-run',
    tag: 'projects',
    summary: 'Asks a run to end: its code is told, and may clean up.',
    access: WRITES,
    query: QUERY,
    body: ENDING,
    answers: { 202: { description: 'The run was asked to end.', schema: TOLD } },
    errors: ERRORS,
    handler: async (call, parts) => {
      const ids = await runs(parts).cancel(await projectOf(call, parts), runNamed(call), wordsOf(call));
      return call.h.response({ ...ids, status: 'running' }).code(202);
    },
  }),
  endpoint({
    method: 'POST',
    path: '/projects/{projectId}/runs/{workflowId}/terminate',
    operation: 'terminate-project-run',
    tag: 'projects',
    summary: 'Ends a run at once, without its code being told.',
    access: WRITES,
    query: QUERY,
    body: ENDING,
    answers: { 200: { description: 'The run is over.', schema: TOLD } },
    errors: ERRORS,
    handler: async (call, parts) => {
      const ids = await runs(parts).terminate(await projectOf(call, parts), runNamed(call), wordsOf(call));
      return { ...ids, status: 'terminated' };
    },
  }),
  endpoint({
    method: 'POST',
    path: '/projects/{projectId}/runs/{workflowId}/signal',
    operation: 'signal-project-run',
    tag: 'projects',
    summary: 'Sends a signal to a run. With an `Idempotency-Key` a repetition is not delivered again.',
    access: WRITES,
    headers: { 'Idempotency-Key': 'Text of your own, 1 to 255 ASCII characters, for one signal to one run.' },
    query: QUERY,
    body: z.strictObject({
      name: z
        .string({ error: NAME })
        .refine(isOwnName, NAME)
        .meta({ examples: ['approve'] }),
      args: z.array(z.unknown(), { error: ARGS }).max(MOST_ARGS, ARGS).default([]),
    }),
    answers: { 202: { description: 'The run will find it, whether or not it has a handler.', schema: TOLD } },
    errors: [...ERRORS, 'IDEMPOTENCY_KEY_INVALID'],
    handler: async (call, parts) => {
      const key = keyOf(call.request.headers['idempotency-key']);
      const requestId = key === null ? randomUUID() : createHash('sha256').update(key).digest('hex');
      const ids = await runs(parts).signal(await projectOf(call, parts), runNamed(call), call.body, requestId);
      return call.h.response({ ...ids, status: 'running' }).code(202);
    },
  }),
  endpoint({
    method: 'GET',
    path: '/projects/{projectId}/runs/{workflowId}/queries/{name}',
    operation: 'query-project-run',
    tag: 'projects',
    summary: 'Asks a run by one of its queries, also one that has ended. It takes a worker that runs.',
    access: READS,
    query: z.object({
      ...RUN_QUERY,
      args: z
        .string({ error: ARGS })
        .max(LONGEST_ARGS, `expected at most ${LONGEST_ARGS} characters`)
        .optional()
        .meta({ description: 'Arguments of the query: a JSON array.', examples: ['["total"]'] }),
    }),
    answers: {
      200: { description: 'The answer of the run.', schema: z.object({ ...IDS, result: z.unknown() }) },
    },
    errors: ['PROJECT_NOT_FOUND', 'RUN_NOT_FOUND', 'QUERY_FAILED', 'WORKFLOW_NOT_READY', 'WORKER_NOT_RUNNING'],
    handler: async (call, parts) => {
      const project = await projectOf(call, parts);
      return runs(parts).query(project, runNamed(call), { name: nameOf(call), args: argsOf(call.query.args) });
    },
  }),
];

function runs({ projectRuns }: ApiParts) {
  return need(projectRuns, 'project workers');
}

function nameOf({ params: { name = '' } }: Pick<Call, 'params'>): string {
  if (isOwnName(name)) return name;
  throw invalid('path name', name, NAME);
}

function argsOf(text = '[]'): readonly unknown[] {
  try {
    const args: unknown = JSON.parse(text);
    if (Array.isArray(args) && args.length <= MOST_ARGS) return args;
  } catch {
    // Said below.
  }
  throw invalid('query args', text, ARGS);
}

function invalid(where: string, found: string, expected: string): ApiError {
  const details = { where, found: shown(found), expected: expected.replace('expected ', '') };
  return new ApiError('BODY_INVALID', `the ${where.split(' ')[0]} is not valid`, details);
}
