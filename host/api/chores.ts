/** Chores of the hosts: what they do beside runs. */
import { z } from 'zod';
import { endpoint, need } from './endpoint.ts';

const time = z.iso.datetime();
const choreView = z
  .object({
    id: z.string(),
    description: z.string(),
    schedule: z
      .string()
      .nullable()
      .meta({ description: 'Cron expression, UTC; null: it runs only when somebody asks for it.' }),
    scope: z.enum(['shared', 'host']).meta({
      description:
        '`shared`: one of the hosts over one database does it. `host`: each does it for itself, and tells of itself.',
    }),
    running: z.boolean(),
    lastRun: z
      .object({
        startedAt: time,
        endedAt: time,
        durationMs: z.number(),
        outcome: z.enum(['succeeded', 'failed']),
        result: z.string().nullable(),
        error: z.string().nullable(),
        startedBy: z.string().meta({ description: '`schedule`, or who asked for it.' }),
        host: z.string(),
      })
      .nullable(),
    nextRun: time.nullable(),
  })
  .meta({ id: 'Chore' });

/** Endpoints about chores. */
export const choreEndpoints = [
  endpoint({
    method: 'GET',
    path: '/chores',
    operation: 'list-chores',
    tag: 'operations',
    summary: 'What the hosts do beside runs: when, and how it went the last time.',
    access: { role: 'viewer', scope: 'operations:read', tenants: 'none' },
    errors: ['STORE_UNAVAILABLE', 'NOT_CONFIGURED'],
    answers: { 200: { description: 'The chores.', schema: z.object({ chores: z.array(choreView) }) } },
    handler: async (_call, { chores }) => ({ chores: await need(chores, 'chores').list() }),
  }),
  endpoint({
    method: 'POST',
    path: '/chores/{id}/run',
    operation: 'run-chore',
    tag: 'operations',
    summary: 'Does a chore now, and answers when it has ended.',
    access: { role: 'operator', scope: 'operations:write', tenants: 'none' },
    errors: ['CHORE_NOT_FOUND', 'CHORE_BUSY', 'STORE_UNAVAILABLE', 'NOT_CONFIGURED'],
    answers: { 200: { description: 'The chore; `lastRun` says how it went.', schema: choreView } },
    options: { timeout: { server: false } },
    handler: async ({ params, caller }, { chores }) =>
      need(chores, 'chores').run(String(params.id), caller?.name ?? 'unknown'),
  }),
];
