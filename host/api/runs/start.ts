/** `POST /workflows/{id}/run`. */
import { z } from 'zod';
import { ApiError } from '../../error.ts';
import { refusalText } from '../../quarantine.ts';
import { startedRun } from '../../runs/schema.ts';
import { isWorkflowId } from '../../temporal/workflows/names.ts';
import type { Pin } from '../../temporal/workflows/types.ts';
import { regarding } from '../audit.ts';
import { endpoint } from '../endpoint.ts';
import { branchOf, workflowOf } from '../query.ts';
import type { ApiParts } from '../server.ts';
import { answerOnce } from './once.ts';
import { stampedInput } from './tenant.ts';

/** Temporal workflow id as requests name it; judged by `workflowIdOf`. */
export const workflowIdField = z.unknown().meta({
  type: 'string',
  minLength: 1,
  maxLength: 255,
  description:
    'Temporal workflow id of the run; no part of its input. While a run has it, a second start finds that run.',
});

/** Answers of what starts a run. */
export const startAnswers = {
  200: { description: 'A run under the same workflow id was running, and this is it.', schema: startedRun },
  202: { description: 'A new run.', schema: startedRun },
};

/** Starts a run. */
export const startEndpoint = endpoint({
  method: 'POST',
  path: '/workflows/{id}/run',
  operation: 'run-workflow',
  tag: 'runs',
  summary: 'Starts a run with the body as its input. With an `Idempotency-Key` a repetition gives the same run.',
  access: { role: 'operator', scope: 'runs:write', tenants: 'own' },
  starts: true,
  headers: {
    'Idempotency-Key':
      'Text of your own, 1 to 255 ASCII characters: the same again within 24 hours gives the same run.',
  },
  body: z
    .looseObject({
      _workflowId: workflowIdField.optional(),
      tenantOrganizationId: z.unknown().optional().meta({
        type: 'string',
        description: 'Organization whose data the run works on. Callers bound to a tenant may leave it out.',
      }),
    })
    .meta({ examples: [{ encounterId: 'enc-123', _workflowId: 'prebill-enc-enc-123' }] }),
  answers: startAnswers,
  // Compiling may have to install dependencies first; an answer that gave up would leave a run nobody knows of.
  options: { timeout: { server: false } },
  handler: (call, parts) => {
    const { runs, shelf, unscopedRuns } = parts;
    const { _workflowId: named, ...given } = call.body;
    const input = stampedInput(given, call.caller, unscopedRuns);
    const { tenantOrganizationId: tenant } = input;
    if (typeof tenant === 'string') regarding(call.request, { tenant });
    const workflowId = workflowIdOf(named);
    const workflow = workflowOf(call.request);
    const asked = branchOf(call.request);
    return answerOnce(call, parts, {
      asked: { operation: 'run', workflow, branch: asked, body: call.body },
      workflowId,
      prepare: async () => {
        const { branch, warnings, pin } = await shelf.check(workflow, asked, input);
        await assertRunnable(parts, input, pin);
        const names = { ...(workflowId !== null && { workflowId }) };
        return {
          workflowId,
          warnings,
          start: (attempt) => runs.start({ workflow, branch, input, pin, ...names, ...(attempt && { attempt }) }),
        };
      },
    });
  },
});

/** Throws `COMMIT_QUARANTINED` where the code is stopped for the tenant of the input. */
export async function assertRunnable(
  { ward }: ApiParts,
  { tenantOrganizationId: tenant }: Readonly<Record<string, unknown>>,
  pin: Pin,
): Promise<void> {
  // Where the store does not answer, the run is taken: each of its activities asks again, and waits.
  const quarantine = await ward?.standing(typeof tenant === 'string' ? tenant : null, pin).catch(() => null);
  if (quarantine) throw new ApiError('COMMIT_QUARANTINED', refusalText(quarantine));
}

/** Null: none was named. Throws `WORKFLOW_ID_INVALID`. */
export function workflowIdOf(value: unknown): string | null {
  if (value === undefined) return null;
  if (isWorkflowId(value)) return value;
  throw new ApiError('WORKFLOW_ID_INVALID', 'the workflow id is not valid', {
    where: 'body _workflowId',
    found: typeof value === 'string' ? `a string of ${value.length} characters` : typeof value,
    expected: 'a string of 1 to 255 characters that does not begin with temporal-sys-',
  });
}
