/** The catch-all activity: its type is the script's own name, its arguments are `params` and the walk's `ScriptCall`. */
import { ApplicationFailure, Context } from '@temporalio/activity';
import type { LogLine } from '../../../sandbox/index.ts';
import { FAILURES, type FailureCode } from '../../codes.ts';
import type { PlanShelf } from '../../plans.ts';
import type { ScriptOutcome, ScriptRunner } from '../../runner.ts';
import type { TenantRules } from '../../tenants.ts';
import type { ScriptCall } from '../workflows/types.ts';

/** What the activity needs from its host. */
export interface ScriptDependencies {
  readonly shelf: PlanShelf;
  readonly tenants: TenantRules;
  readonly runner: ScriptRunner;
  readonly log: (
    line: LogLine,
    of: { runId: string; workflow: string; activity: string; tenant: string | null },
  ) => void;
}

const HEARTBEAT_MS = 1000;

/**
 * Makes the default activity. Fails with an `ApplicationFailure` whose type is a code of `FAILURES` and whose first detail
 * is `{ attempt, stack? }`.
 */
export function createScriptActivity(dependencies: ScriptDependencies): (...args: unknown[]) => Promise<unknown> {
  return async (params, call) => {
    const context = Context.current();
    // The heartbeat is the host's, not the script's: a script that never calls anything still counts as alive.
    const heartbeat = setInterval(() => context.heartbeat(), HEARTBEAT_MS);
    try {
      const outcome = await perform(dependencies, context, params, call as ScriptCall);
      if (outcome.ok) return outcome.output;
      if (outcome.code === 'CANCELLED') await endCancelled(context);
      throw asFailure(outcome, context.info.attempt);
    } finally {
      clearInterval(heartbeat);
    }
  };
}

async function perform(
  { shelf, tenants, runner, log }: ScriptDependencies,
  context: Context,
  params: unknown,
  call: ScriptCall,
): Promise<ScriptOutcome> {
  const { info } = context;
  const plan = await shelf.plan(call.plan);
  const activity = plan?.activities.find(({ id }) => id === call.activity);
  const bundle = activity?.bundle ? await shelf.bundle(activity.bundle) : null;
  if (!plan || !activity || !bundle) throw gone(call, info.attempt);
  const { grants, limits } = await tenants.effective(call.tenant, plan, activity);
  const runId = info.workflowExecution?.runId ?? info.activityId;
  const startedAt = new Date(info.scheduledTimestampMs).toISOString();
  const { attempt } = info;
  const deterministic = activity.deterministic || plan.declaration.deterministic;
  return runner.run({
    tenant: call.tenant,
    run: { id: runId, workflow: plan.workflow, activity: activity.id, attempt, startedAt, deterministic },
    digest: plan.digest,
    bundle,
    params,
    grants,
    limits,
    remainingMs: remaining(info.scheduledTimestampMs, info.scheduleToCloseTimeoutMs),
    signal: context.cancellationSignal,
    log: (line) => log(line, { runId, workflow: plan.workflow, activity: activity.id, tenant: call.tenant }),
  });
}

/**
 * Time until the host must report an overrun, a little before Temporal would: a timeout that Temporal raises itself means
 * that the host was lost.
 */
function remaining(scheduledMs: number, timeoutMs: number): number {
  const margin = Math.min(1000, timeoutMs / 10);
  const waited = Math.min(Math.max(0, Date.now() - scheduledMs), timeoutMs);
  return timeoutMs - waited - margin;
}

/** Cancelled by the run: acknowledged as such. Cut off by the host's own stop: reported as lost, so that the walk goes on. */
async function endCancelled(context: Context): Promise<never> {
  if (context.cancellationSignal.aborted && !context.cancellationDetails?.workerShutdown) return context.cancelled;
  throw ApplicationFailure.create({ message: 'the host stopped', type: 'HOST_LOST', nonRetryable: false });
}

function gone(call: ScriptCall, attempt: number): ApplicationFailure {
  const message = `found no code for activity "${call.activity}" of plan ${call.plan.slice(0, 12)}, expected it in the code store`;
  return asFailure({ code: 'PLAN_SOURCE_GONE', message }, attempt);
}

function asFailure(
  { code, message, stack }: { code: FailureCode; message: string; stack?: string },
  attempt: number,
): ApplicationFailure {
  return ApplicationFailure.create({
    message,
    type: code,
    nonRetryable: !FAILURES[code].retryable,
    details: [{ attempt, ...(stack && { stack }) }],
  });
}
