/** Triggers: what is defined, and its registration. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Problem } from '../../registry/index.ts';
import { API_ERRORS } from '../codes.ts';
import { ApiError } from '../error.ts';
import type { PlanShelf } from '../plans.ts';
import type { TriggerState } from '../triggers/index.ts';
import { endpoint, need } from './endpoint.ts';
import { branchOf, shown } from './query.ts';
import { problem } from './workflows.ts';

const part = z.record(z.string(), z.unknown());

const triggerView = z
  .object({
    id: z.string(),
    type: z
      .enum(['subscription', 'webhook', 'schedule'])
      .nullable()
      .meta({ description: 'Null: the definition does not say.' }),
    workflow: z.string().nullable(),
    description: z.string().nullable(),
    subscriptionTopic: part.optional().meta({ description: 'Subscriptions: as the definition has it.' }),
    spec: part.optional().meta({ description: "Schedules: Temporal's ScheduleSpec, as the definition has it." }),
    policies: part.optional(),
    input: part.optional().meta({ description: 'Schedules: static input of every run.' }),
    synced: z
      .boolean()
      .nullable()
      .meta({ description: 'Registered as defined; null: whoever has the registration does not answer.' }),
    problems: z.array(problem),
  })
  .meta({ id: 'Trigger' });

const action = z.enum(['created', 'replaced', 'unchanged']);
const syncResult = z.object({
  subscriptions: z.array(
    z.union([
      z.object({ id: z.string(), topic: z.string(), destination: z.string(), action }),
      z.object({ id: z.string(), resources: z.array(z.string()), action }),
    ]),
  ),
  schedules: z.array(z.object({ id: z.string(), scheduleId: z.string(), action: z.enum(['created', 'replaced']) })),
  removed: z.array(z.string()).meta({ description: 'Names of registrations whose trigger is gone.' }),
  errors: z.array(z.object({ id: z.string().nullable(), code: z.string(), message: z.string() })),
});

/** Endpoints about triggers. */
export const triggerEndpoints = [
  endpoint({
    method: 'GET',
    path: '/triggers',
    operation: 'list-triggers',
    tag: 'triggers',
    summary: 'Triggers of a branch, broken ones included, and whether they are registered as defined.',
    access: { role: 'viewer', scope: 'triggers:read', tenants: 'none' },
    errors: ['BRANCH_INVALID', 'BRANCH_NOT_FOUND', 'PROJECT_UNUSABLE', 'NOT_CONFIGURED'],
    answers: { 200: { description: 'The triggers.', schema: z.object({ triggers: z.array(triggerView) }) } },
    handler: async ({ request }, { triggers, webhooks }) => {
      const states = await need(triggers, 'triggers').list(branchOf(request));
      const closed = (state: TriggerState) =>
        (webhooks?.problemsOf(state.trigger) ?? []).map((found) => closedBy(state, found));
      return { triggers: states.map((state) => toView(state, closed(state))) };
    },
  }),
  endpoint({
    method: 'POST',
    path: '/triggers/sync',
    operation: 'sync-triggers',
    tag: 'triggers',
    summary: 'Registers all triggers of the main branch, and takes away the registrations of those that are gone.',
    access: { role: 'developer', scope: 'triggers:write', tenants: 'none' },
    errors: ['BRANCH_INVALID', 'BRANCH_NOT_FOUND', 'BRANCH_NOT_MAIN', 'PROJECT_UNUSABLE', 'NOT_CONFIGURED'],
    answers: {
      200: { description: 'All are registered.', schema: syncResult },
      502: {
        description: 'Some are not: see `errors`. The others are registered all the same.',
        schema: syncResult.extend({ error: z.string(), code: z.literal('TRIGGER_SYNC_FAILED'), requestId: z.string() }),
      },
    },
    options: { timeout: { server: false } },
    handler: async ({ request, h }, { triggers, shelf, log }) => {
      await onMain(shelf, branchOf(request));
      const result = await need(triggers, 'triggers').sync();
      if (result.errors.length === 0) return result;
      const code = 'TRIGGER_SYNC_FAILED';
      const requestId = randomUUID();
      log.warn({ requestId, code, errors: result.errors }, 'some triggers are not registered');
      const error = `${result.errors.length} of the triggers could not be registered`;
      return h.response({ ...result, error, code, requestId }).code(API_ERRORS[code].status);
    },
  }),
];

/** A feature branch must not be able to redirect what main's triggers do. */
async function onMain(shelf: PlanShelf, asked: string | null): Promise<void> {
  if (asked === null) return;
  const [branch, main] = [await shelf.branch(asked), await shelf.branch(null)];
  if (branch === main) return;
  throw new ApiError('BRANCH_NOT_MAIN', 'triggers are registered from the main branch only', {
    where: 'query branch',
    found: shown(asked),
    ...(main !== null && { expected: shown(main) }),
  });
}

/** Nobody but a development host's own machine can post to it. */
function closedBy({ trigger: { id } }: TriggerState, found: string): Problem {
  const [file, where] = [`triggers/${id}/definition.yaml`, `trigger "${id}"`];
  const expected = "a secret: without one only a development host's own machine may post";
  return { file, line: 1, column: 1, severity: 'warning', code: 'WEBHOOK_SECRET', where, found, expected };
}

function toView({ trigger, synced, problems }: TriggerState, more: readonly Problem[]): z.output<typeof triggerView> {
  const { id, type, workflow, description, subscriptionTopic, spec, policies, input } = trigger;
  return {
    id,
    type,
    workflow,
    description,
    ...(subscriptionTopic && { subscriptionTopic }),
    ...(spec && { spec }),
    ...(policies && { policies }),
    ...(type === 'schedule' && { input: input ?? {} }),
    synced,
    problems: [...problems, ...more],
  };
}
