/** Cancelling and terminating runs. */
import { z } from 'zod';
import { ApiError } from '../../error.ts';
import type { Runs } from '../../runs/index.ts';
import { endedRun } from '../../runs/schema.ts';
import type { RunView } from '../../runs/view.ts';
import { type Call, endpoint } from '../endpoint.ts';
import type { ApiParts } from '../server.ts';
import { runOf } from './asked.ts';

const WRITE = { role: 'operator', scope: 'runs:write', tenants: 'own' } as const;
/** Body of what ends a run. */
export const ENDING = z.strictObject({
  reason: z
    .string({ error: 'expected a text' })
    .max(1000, 'expected at most 1000 characters')
    // Temporal takes no halves of pairs.
    .refine((text) => text.isWellFormed(), 'expected a text of whole characters')
    .optional()
    .meta({ description: 'Kept with the run.' }),
});

/** Ends runs. */
export const endEndpoints = [
  endpoint({
    method: 'POST',
    path: '/workflows/{id}/runs/{runId}/cancel',
    operation: 'cancel-run',
    tag: 'runs',
    summary: 'Asks a run to end: its scripts are stopped, its resource is closed.',
    access: WRITE,
    body: ENDING,
    answers: { 202: { description: 'The run was asked to end.', schema: endedRun } },
    handler: async (call, parts) => {
      const ids = await ended(call, parts, (runs, view) => runs.cancel(view, wordsOf(call)));
      return call.h.response({ ...ids, status: 'in-progress' }).code(202);
    },
  }),
  endpoint({
    method: 'POST',
    path: '/workflows/{id}/runs/{runId}/terminate',
    operation: 'terminate-run',
    tag: 'runs',
    summary: 'Ends a run at once, without its scripts being told.',
    access: WRITE,
    body: ENDING,
    answers: { 200: { description: 'The run is over.', schema: endedRun } },
    handler: async (call, parts) => {
      const ids = await ended(call, parts, (runs, view) => runs.terminate(view, wordsOf(call)));
      return { ...ids, status: 'failed' };
    },
  }),
];

async function ended(call: Call, parts: ApiParts, end: (runs: Runs, view: RunView) => Promise<void>) {
  const { runs } = parts;
  const view = await runs.get(await runOf(call, parts));
  if (view.status !== 'in-progress') throw closed(view);
  await end(runs, view).catch((error: unknown) => {
    // It ended between the two questions.
    throw error instanceof ApiError && error.code === 'RUN_NOT_FOUND' ? closed(view) : error;
  });
  const { workflowId, runId } = view;
  return { workflowId, runId };
}

/** The reason, and who gave it. */
export function wordsOf({ body, caller }: Call): string {
  const { reason } = body as z.output<typeof ENDING>;
  const by = `by ${caller?.name ?? 'unknown'}`;
  return reason ? `${reason} (${by})` : by;
}

function closed({ runId }: RunView): ApiError {
  return new ApiError('RUN_CLOSED', 'the run has ended', { where: 'path', found: runId });
}
