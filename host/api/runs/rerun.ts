/** `POST /workflows/{id}/runs/{runId}/rerun`. The rules: docs/decisions/rerun.md. */
import { z } from 'zod';
import type { Plan } from '../../../registry/index.ts';
import { ApiError } from '../../error.ts';
import type { RunTrace } from '../../runs/history.ts';
import type { RunOf } from '../../runs/index.ts';
import { keptOutputs } from '../../runs/rerun.ts';
import type { Pin } from '../../temporal/workflows/types.ts';
import { type Call, endpoint } from '../endpoint.ts';
import type { ApiParts } from '../server.ts';
import { runOf } from './asked.ts';
import { answerOnce, type Prepared } from './once.ts';
import { assertRunnable, startAnswers, workflowIdField, workflowIdOf } from './start.ts';
import { foreign, stampedInput } from './tenant.ts';

const BODY = z
  .strictObject({
    input: z
      .record(z.string(), z.unknown(), { error: 'expected a JSON object' })
      .optional()
      .meta({ description: 'The whole input of the new run; absent: that of the run before.' }),
    from: z
      .string({ error: 'expected the id of an activity' })
      .optional()
      .meta({ description: 'Begin here: what completed before this activity is kept and not executed again.' }),
    plan: z
      .enum(['pinned', 'current'], { error: 'expected pinned or current' })
      .default('pinned')
      .meta({ description: '`pinned`: the code of the run before. `current`: the workflow as it is now.' }),
    _workflowId: workflowIdField.optional(),
  })
  .meta({ examples: [{ from: 'save' }] });

type Body = z.output<typeof BODY>;

/** Runs again what has ended. */
export const rerunEndpoint = endpoint({
  method: 'POST',
  path: '/workflows/{id}/runs/{runId}/rerun',
  operation: 'rerun-run',
  tag: 'runs',
  summary: 'Starts a run that has ended again, whole or from an activity, with the same or another input.',
  access: { role: 'operator', scope: 'runs:write', tenants: 'own' },
  starts: true,
  headers: {
    'Idempotency-Key':
      'Text of your own, 1 to 255 ASCII characters: the same again within 24 hours gives the same run.',
  },
  body: BODY,
  answers: startAnswers,
  options: { timeout: { server: false } },
  handler: async (call, parts) => {
    const of = await runOf(call, parts);
    const { body } = call;
    const named = workflowIdOf(body._workflowId);
    return answerOnce(call, parts, {
      asked: { operation: 'rerun', workflow: of.workflow, id: of.id, body },
      workflowId: named,
      prepare: () => prepare({ call, parts, of, body, named }),
    });
  },
});

interface Asked {
  readonly call: Call;
  readonly parts: ApiParts;
  readonly of: RunOf;
  readonly body: Body;
  readonly named: string | null;
}

async function prepare({ call, parts, of, body, named }: Asked): Promise<Prepared> {
  const { runs, unscopedRuns } = parts;
  const { ids, trace } = await runs.trace(of);
  if (trace.end === null)
    throw new ApiError('RUN_IN_PROGRESS', 'the run has not ended', { where: 'path', found: ids.runId });
  const input = stampedInput(sameTenant(body.input ?? trace.args.input, trace), call.caller, unscopedRuns);
  const { plan, pin, branch, warnings } = await planOf(parts, { trace, body, input, workflow: of.workflow });
  await assertRunnable(parts, input, pin);
  const from = body.from ?? null;
  const rerun = { ...ids, from, outputs: from === null ? {} : keptOutputs(plan, trace, from) };
  // Under the id of the run before: of two that ask at once, the second finds the run of the first.
  const workflowId = named ?? ids.workflowId;
  const start = { workflow: of.workflow, branch, input, pin, rerun, workflowId };
  return { workflowId, warnings, start: (attempt) => runs.start({ ...start, ...(attempt && { attempt }) }) };
}

/** What a run has done under one tenant is not handed to another. */
function sameTenant(input: Readonly<Record<string, unknown>>, { args }: RunTrace): Readonly<Record<string, unknown>> {
  const { tenantOrganizationId: own } = args.input;
  const { tenantOrganizationId: named } = input;
  if (named !== undefined && named !== own) throw foreign();
  return own === undefined ? input : { ...input, tenantOrganizationId: own };
}

interface Chosen {
  readonly plan: Plan;
  readonly pin: Pin;
  readonly branch: string | null;
  readonly warnings: readonly string[];
}

interface Wanted {
  readonly trace: RunTrace;
  readonly body: Body;
  readonly input: Readonly<Record<string, unknown>>;
  readonly workflow: string;
}

async function planOf({ shelf }: ApiParts, { trace, body, input, workflow }: Wanted): Promise<Chosen> {
  const { branch } = trace.args;
  if (body.plan === 'current') {
    const { pin, branch: name, warnings } = await shelf.check(workflow, branch, input);
    const plan = await shelf.plan(pin.digest);
    if (plan !== null) return { plan, pin, branch: name, warnings };
  }
  const pinned = trace.loaded?.ok ? trace.loaded.plan : null;
  const plan = pinned && (await shelf.plan(pinned.digest));
  if (!pinned || !plan) throw new ApiError('PLAN_GONE', 'the plan of the run can no longer be had');
  const { digest, commit, dirty } = pinned;
  return { plan, pin: { digest, commit, dirty }, branch, warnings: [] };
}
