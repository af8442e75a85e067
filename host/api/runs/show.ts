/** Lists of runs, one run, and what its scripts logged. */
import { z } from 'zod';
import { runLogs, runPage, runView } from '../../runs/schema.ts';
import { endpoint, need } from '../endpoint.ts';
import { workflowOf } from '../query.ts';
import { filterOf, filters, page, runOf } from './asked.ts';

const READ = { role: 'viewer', scope: 'runs:read', tenants: 'own' } as const;
const EMPTY = { runs: [], nextCursor: null };
const PAGE = { description: 'A page of runs, newest first.', schema: runPage };
const LINES = 'expected a number from 1 to 1000';

/** Shows runs. */
export const showEndpoints = [
  endpoint({
    method: 'GET',
    path: '/runs',
    operation: 'list-all-runs',
    tag: 'runs',
    summary: 'Runs of all workflows and branches, newest first.',
    access: READ,
    query: z.object({
      ...page,
      ...filters,
      workflow: z
        .string({ error: 'expected one workflow id' })
        .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/, 'expected a workflow id')
        .optional(),
    }),
    answers: { 200: PAGE },
    handler: async (call, parts) => {
      const { limit, cursor = null, workflow = null, ...asked } = call.query;
      const filter = await filterOf(call, parts, { ...asked, workflow });
      return filter === null ? EMPTY : parts.runs.list({ ...filter, limit, cursor });
    },
  }),
  endpoint({
    method: 'GET',
    path: '/workflows/{id}/runs',
    operation: 'list-runs',
    tag: 'runs',
    summary: 'Runs of a workflow, newest first; with `branch=*` of all branches.',
    access: READ,
    query: z.object({ ...page, ...filters }),
    answers: { 200: PAGE },
    handler: async (call, parts) => {
      const { limit, cursor = null, ...asked } = call.query;
      const filter = await filterOf(call, parts, { ...asked, workflow: workflowOf(call.request) });
      return filter === null ? EMPTY : parts.runs.list({ ...filter, limit, cursor });
    },
  }),
  endpoint({
    method: 'GET',
    path: '/workflows/{id}/runs/{runId}',
    operation: 'get-run',
    tag: 'runs',
    summary: 'One run with its activities. `runId` may be a workflow id, and means its latest run.',
    access: READ,
    answers: { 200: { description: 'The run.', schema: runView } },
    handler: async (call, parts) => parts.runs.get(await runOf(call, parts)),
  }),
  endpoint({
    method: 'GET',
    path: '/workflows/{id}/runs/{runId}/logs',
    operation: 'get-run-logs',
    tag: 'runs',
    summary: 'What the scripts of a run logged, in order.',
    access: READ,
    query: z.object({
      activity: z
        .string({ error: 'expected the id of one activity' })
        .max(128, 'expected the id of an activity')
        .optional(),
      limit: z.coerce.number({ error: LINES }).int(LINES).min(1, LINES).max(1000, LINES).default(200),
      cursor: z
        .string({ error: 'expected the nextCursor of an earlier answer' })
        .regex(/^\d{1,16}$/, 'expected the nextCursor of an earlier answer')
        .optional(),
    }),
    answers: { 200: { description: 'A page of lines.', schema: runLogs } },
    handler: async (call, parts) => {
      const { activity = null, limit, cursor = '0' } = call.query;
      const logs = need(parts.runs.logs, 'table for what scripts log');
      const { runId } = await parts.runs.get(await runOf(call, parts));
      const found = await logs.list({ runId, activity, after: Number(cursor), atMost: limit + 1 });
      const lines = found.slice(0, limit);
      return {
        lines: lines.map(({ activity, attempt, time, level, message, data }) => {
          return { activity, attempt, time, level, message, data };
        }),
        nextCursor: found.length > limit ? String(lines.at(-1)?.seq) : null,
      };
    },
  }),
];
