/** What the API says of runs, as schemas: the OpenAPI document is made from them, and answers are held against them in tests. */
import { z } from 'zod';

const time = z.iso.datetime({ precision: 3 }).meta({ examples: ['2026-03-02T09:00:00.000Z'] });
const value = z.unknown().meta({ description: 'Any JSON value.' });

/** Status of a run. */
export const runStatus = z.enum(['in-progress', 'completed', 'failed']).meta({ id: 'RunStatus' });

/** What starts runs. */
export const triggerType = z.enum(['manual', 'subscription', 'schedule', 'workflow']).meta({ id: 'TriggerType' });

const trigger = z
  .object({
    type: triggerType,
    id: z.string().nullable().meta({ description: "The trigger's id; of a child run, its parent's workflow id." }),
  })
  .meta({ id: 'RunTrigger', description: 'What started the run.' });

const ids = {
  runId: z.string().meta({ description: "Temporal's id of the run." }),
  workflowId: z.string().meta({ description: "Temporal's workflow id." }),
};

const summary = {
  ...ids,
  workflow: z.string(),
  branch: z.string().nullable(),
  commit: z.string().nullable(),
  status: runStatus,
  tenantOrganizationId: z.string().nullable(),
  trigger: trigger.nullable(),
  executionPeriod: z.object({ start: time, end: time.optional() }),
};

const runSummary = z.object(summary).meta({ id: 'RunSummary' });

/** A page of a list. */
export const runPage = z
  .object({
    runs: z.array(runSummary),
    nextCursor: z.string().nullable().meta({ description: 'For the next page; null on the last.' }),
  })
  .meta({ id: 'RunPage' });

const activityError = z
  .object({
    activity: z.string(),
    script: z.string().nullable(),
    attempts: z.int(),
    code: z.string(),
    message: z.string(),
    stack: z.string().optional(),
  })
  .meta({ id: 'ActivityError' });

const activity = z
  .object({
    id: z.string(),
    parent: z.string().nullable(),
    name: z.string(),
    script: z.string().nullable(),
    status: z.enum(['pending', 'running', 'completed', 'failed', 'skipped']),
    reason: z.enum(['applicability', 'ancestor-skipped', 'ancestor-failed']).optional(),
    attempts: z.int(),
    startedAt: time.nullable(),
    endedAt: time.nullable(),
    durationMs: z.number().nullable(),
    input: value,
    output: value,
    error: activityError.nullable(),
    childRun: z.object({ workflowId: z.string(), runId: z.string().nullable() }).nullable(),
    reusedFrom: z.string().optional().meta({ description: 'The run whose output this is: it was not executed again.' }),
  })
  .meta({ id: 'RunActivity' });

/** A whole run. */
export const runView = z
  .object({
    ...summary,
    digest: z.string().nullable(),
    dirty: z.boolean(),
    billingWorkflow: z.object({ reference: z.string(), status: z.string().nullable() }).nullable(),
    rerunOf: z.object({ ...ids, from: z.string().nullable() }).nullable(),
    input: value,
    output: value,
    error: z.union([activityError, z.object({ code: z.string(), message: z.string() })]).nullable(),
    activities: z.array(activity).nullable().meta({ description: 'In walk order; null when the plan is not known.' }),
  })
  .meta({ id: 'Run' });

/** What a start led to. */
export const startedRun = z
  .object({
    ...ids,
    workflow: z.string(),
    branch: z.string().nullable(),
    status: runStatus,
    deduplicated: z.boolean().meta({ description: 'True: a run under this workflow id was running, and this is it.' }),
    warnings: z.array(z.string()).optional().meta({ description: 'Mismatches with the declared input.' }),
  })
  .meta({ id: 'StartedRun' });

/** What ending a run led to. */
export const endedRun = z.object({ ...ids, status: runStatus }).meta({ id: 'EndedRun' });

/** What scripts of a run logged. */
export const runLogs = z
  .object({
    lines: z.array(
      z.object({
        activity: z.string(),
        attempt: z.int(),
        time,
        level: z.enum(['debug', 'info', 'warn', 'error']),
        message: z.string(),
        data: value,
      }),
    ),
    nextCursor: z.string().nullable().meta({ description: 'For the lines after these; null when there were no more.' }),
  })
  .meta({ id: 'RunLogs' });
