/** Schedules of triggers, as Temporal has them. */
import { z } from 'zod';
import { ApiError } from '../error.ts';
import { scheduleIdOf } from '../schedules/index.ts';
import { scheduleView } from '../schedules/view.ts';
import { type Call, endpoint, need } from './endpoint.ts';
import { shown } from './query.ts';

const note = z
  .strictObject({
    note: z
      .string('expected a text')
      .max(500, 'expected at most 500 characters')
      // Temporal takes no halves of pairs.
      .refine((text) => text.isWellFormed(), 'expected a text of whole characters')
      .optional()
      .meta({
        description: 'Why; shown with the schedule.',
        examples: ['the payer is down until Monday'],
      }),
  })
  .meta({ description: 'May be left out.' });

const run = z.object({ workflowId: z.string(), runId: z.string() });
const write = { role: 'operator', scope: 'triggers:write', tenants: 'none' } as const;
const read = { role: 'viewer', scope: 'triggers:read', tenants: 'none' } as const;
const errors = ['TEMPORAL_UNAVAILABLE', 'NOT_CONFIGURED'] as const;
const oneErrors = ['SCHEDULE_NOT_FOUND', ...errors] as const;
const one = { 200: { description: 'The schedule.', schema: scheduleView } };

/** Endpoints about schedules. */
export const scheduleEndpoints = [
  endpoint({
    method: 'GET',
    path: '/schedules',
    operation: 'list-schedules',
    tag: 'schedules',
    summary: 'All schedules, each with its next and its last runs.',
    access: read,
    errors,
    answers: { 200: { description: 'The schedules.', schema: z.object({ schedules: z.array(scheduleView) }) } },
    handler: async (_call, { schedules }) => ({ schedules: await need(schedules, 'schedules').list() }),
  }),
  endpoint({
    method: 'GET',
    path: '/schedules/{id}',
    operation: 'get-schedule',
    tag: 'schedules',
    summary: 'One schedule, by the id of its trigger.',
    access: read,
    errors: oneErrors,
    answers: one,
    handler: async (call, { schedules }) => need(schedules, 'schedules').get(idOf(call)),
  }),
  endpoint({
    method: 'POST',
    path: '/schedules/{id}/pause',
    operation: 'pause-schedule',
    tag: 'schedules',
    summary: 'Starts no runs until it is resumed; a sync of the triggers leaves it paused.',
    access: write,
    body: note,
    errors: oneErrors,
    answers: one,
    handler: async (call, { schedules }) =>
      need(schedules, 'schedules').pause(idOf(call), call.body.note ?? `paused by ${nameOf(call)}`),
  }),
  endpoint({
    method: 'POST',
    path: '/schedules/{id}/resume',
    operation: 'resume-schedule',
    tag: 'schedules',
    summary: 'Starts runs again at the times that are still to come.',
    access: write,
    body: note,
    errors: oneErrors,
    answers: one,
    handler: async (call, { schedules }) =>
      need(schedules, 'schedules').resume(idOf(call), call.body.note ?? `resumed by ${nameOf(call)}`),
  }),
  endpoint({
    method: 'POST',
    path: '/schedules/{id}/trigger',
    operation: 'trigger-schedule',
    tag: 'schedules',
    summary: 'Starts one run now, beside any that runs, also while it is paused.',
    access: write,
    errors: oneErrors,
    answers: {
      202: {
        description: 'The run; null when Temporal has not said yet which one it is.',
        schema: z.object({ scheduleId: z.string(), run: run.nullable() }),
      },
    },
    handler: async (call, { schedules }) => {
      const id = idOf(call);
      const started = await need(schedules, 'schedules').trigger(id);
      return call.h.response({ scheduleId: scheduleIdOf(id), run: started }).code(202);
    },
  }),
  endpoint({
    method: 'DELETE',
    path: '/schedules/{id}',
    operation: 'delete-schedule',
    tag: 'schedules',
    summary:
      'Deletes a schedule until the next sync of the triggers: to be rid of it, remove the trigger from the project.',
    access: { ...write, role: 'developer' },
    errors: oneErrors,
    answers: { 204: { description: 'It is gone; runs under way go on.' } },
    handler: async (call, { schedules }) => {
      await need(schedules, 'schedules').remove(idOf(call));
      return call.h.response().code(204);
    },
  }),
];

/** Id of the path. One of another form names no trigger. */
function idOf({ params }: Pick<Call, 'params'>): string {
  const { id } = params;
  if (id !== undefined && /^[A-Za-z0-9-]{1,48}$/.test(id)) return id;
  throw new ApiError('SCHEDULE_NOT_FOUND', 'no such schedule', { where: 'path', found: shown(id) });
}

function nameOf({ caller }: Pick<Call, 'caller'>): string {
  return caller?.name ?? 'unknown';
}
