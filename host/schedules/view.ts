/** A schedule as the API shows it. */
import type { ScheduleDescription } from '@temporalio/client';
import { z } from 'zod';

const time = z.iso.datetime();

/** Shape of one schedule. Times are ISO 8601, UTC. */
export const scheduleView = z
  .object({
    id: z.string().meta({ description: 'Id of the trigger.' }),
    scheduleId: z.string().meta({ description: 'As Temporal knows it.' }),
    workflow: z.string(),
    branch: z.string().nullable(),
    tenantOrganizationId: z.string().nullable(),
    input: z.record(z.string(), z.unknown()),
    paused: z.boolean(),
    note: z.string().nullable().meta({ description: 'Why it is paused, or was.' }),
    timezone: z.string().nullable(),
    policies: z.object({
      overlap: z.string(),
      catchupWindowMs: z.number(),
      pauseOnFailure: z.boolean(),
    }),
    nextRuns: z.array(time).meta({ description: 'The next ten times. Those of a paused schedule pass without a run.' }),
    recentRuns: z
      .array(z.object({ scheduledAt: time, startedAt: time, workflowId: z.string(), runId: z.string() }))
      .meta({ description: 'The last ten, oldest first.' }),
    running: z.array(z.object({ workflowId: z.string(), runId: z.string() })),
    counts: z.object({ started: z.number(), skipped: z.number(), missed: z.number() }).meta({
      description:
        'Runs started; skipped for overlap; missed because Temporal was down for longer than the catch-up window.',
    }),
    createdAt: time,
  })
  .meta({ id: 'Schedule' });

/** A schedule as the API shows it. */
export type ScheduleView = z.output<typeof scheduleView>;

/** Reads Temporal's description of a schedule of the trigger `id`. */
export function viewSchedule(
  id: string,
  { action, info, policies, spec, state, ...rest }: ScheduleDescription,
): ScheduleView {
  const [args] = (action.args ?? []) as unknown as [Partial<{ workflow: string; branch: string; input: object }>?];
  const input = (args?.input ?? {}) as Record<string, unknown>;
  const { tenantOrganizationId: tenant } = input;
  return {
    id,
    scheduleId: rest.scheduleId,
    workflow: args?.workflow ?? '',
    branch: args?.branch ?? null,
    tenantOrganizationId: typeof tenant === 'string' ? tenant : null,
    input,
    paused: state.paused,
    note: state.note ? state.note : null,
    timezone: spec.timezone ? spec.timezone : null,
    policies: {
      overlap: policies.overlap ?? 'SKIP',
      catchupWindowMs: policies.catchupWindow,
      pauseOnFailure: policies.pauseOnFailure,
    },
    nextRuns: info.nextActionTimes.map((at) => at.toISOString()),
    recentRuns: info.recentActions.map(({ scheduledAt, takenAt, action: { workflow } }) => ({
      scheduledAt: scheduledAt.toISOString(),
      startedAt: takenAt.toISOString(),
      ...idsOf(workflow),
    })),
    running: info.runningActions.map(({ workflow }) => idsOf(workflow)),
    counts: {
      started: info.numActionsTaken,
      skipped: info.numActionsSkippedOverlap,
      missed: info.numActionsMissedCatchupWindow,
    },
    createdAt: info.createdAt.toISOString(),
  };
}

function idsOf({ workflowId, firstExecutionRunId }: { workflowId: string; firstExecutionRunId: string }) {
  return { workflowId, runId: firstExecutionRunId };
}
