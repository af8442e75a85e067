/** The catch-all activity: its type is the script's own name, its arguments are `params` and the walk's `ScriptCall`. */
import { ApplicationFailure, Context } from '@temporalio/activity';
import type { Plan, PlanActivity } from '../../../registry/index.ts';
import type { Bundle, Limits, LogLine } from '../../../sandbox/index.ts';
import type { Grants } from '../../broker/capability.ts';
import { FAILURES, type FailureCode } from '../../codes.ts';
import type { PlanShelf } from '../../plans.ts';
import type { Origin, Ward } from '../../quarantine.ts';
import type { ScriptOutcome, ScriptRunner } from '../../runner.ts';
import type { TenantRules } from '../../tenants.ts';
import type { ScriptCall } from '../workflows/types.ts';
import { endCancelled, HEARTBEAT_MS, hostLost, timeOf, told, untilPrepared } from './attempt.ts';

/** What the activity needs from its host. */
export interface ScriptDependencies {
  readonly shelf: PlanShelf;
  readonly tenants: TenantRules;
  readonly runner: ScriptRunner;
  /** Null: no code is ever stopped. */
  readonly ward: Ward | null;
  /** Cap on an output; what a project or a tenant is allowed otherwise cannot raise it. */
  readonly payloadMaxBytes: number;
  /** A store of the host failed; the text stays in the host. */
  readonly failed: (error: unknown, call: ScriptCall) => void;
  readonly log: (
    line: LogLine,
    of: { runId: string; workflow: string; activity: string; attempt: number; tenant: string | null },
  ) => void;
}

/** An activity that waited longer than this before anybody took it had no host. */
const LATE_MS = 1000;

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
      const { waitedMs, remainingMs } = timeOf(context);
      const failed = (error: unknown): void => dependencies.failed(error, call as ScriptCall);
      const gathering = () => gather(dependencies, context, call as ScriptCall);
      const prepared = await untilPrepared(context, gathering, { remainingMs, failed });
      const outcome = await perform(dependencies, context, params, prepared);
      if (outcome.ok) return outcome.output;
      if (outcome.code === 'CANCELLED') await endCancelled(context);
      // Nobody was there to take it in time: that is no fault of the script's.
      if (outcome.code === 'SCRIPT_WALL' && context.info.attempt === 1 && waitedMs > LATE_MS)
        throw hostLost('it was taken up too late');
      throw asFailure(outcome, context.info.attempt);
    } catch (error) {
      throw await told(error, context, () => dependencies.failed(error, call as ScriptCall));
    } finally {
      clearInterval(heartbeat);
    }
  };
}

/** All of a script's run that comes out of stores. */
interface Prepared {
  readonly call: ScriptCall;
  readonly origin: Origin;
  readonly plan: Plan;
  readonly activity: PlanActivity;
  readonly bundle: Bundle;
  readonly grants: Grants;
  readonly limits: Limits;
  readonly notes: readonly string[];
}

/** Gets plan, code and grants together, and knows that the code is not in quarantine. */
async function gather(dependencies: ScriptDependencies, context: Context, call: ScriptCall): Promise<Prepared> {
  const { shelf, tenants, ward } = dependencies;
  const { info } = context;
  const origin = (await ward?.originOf(call.plan, info.workflowExecution)) ?? { digest: call.plan, commit: null };
  const [plan] = await Promise.all([shelf.plan(call.plan), admit(dependencies, context, { call, origin })]);
  const activity = plan?.activities.find(({ id }) => id === call.activity);
  const bundle = activity?.bundle ? await shelf.bundle(activity.bundle) : null;
  if (!plan || !activity || !bundle) throw gone(call, info.attempt);
  return {
    call,
    origin,
    plan,
    activity,
    bundle,
    ...(await tenants.effective(call.tenant, activity.plugin ?? plan, activity)),
  };
}

/** Rejects with `COMMIT_QUARANTINED` when the code is stopped for the tenant; with something else when nobody knows. */
async function admit(
  { ward }: ScriptDependencies,
  context: Context,
  { call, origin }: Pick<Prepared, 'call' | 'origin'>,
): Promise<void> {
  const standing = await ward?.standing(call.tenant, origin);
  if (!ward || !standing) return;
  const message = ward.refuse(standing, partOf(context, { call, origin }));
  throw asFailure({ code: 'COMMIT_QUARANTINED', message }, context.info.attempt);
}

/** Which part of which run it is about. */
function partOf({ info }: Context, { call, origin }: Pick<Prepared, 'call' | 'origin'>) {
  const { tenant, workflow, activity } = call;
  return { tenant, runId: runIdOf(info), workflow, activity, ...origin };
}

function runIdOf({ workflowExecution, activityId }: Context['info']): string {
  return workflowExecution?.runId ?? activityId;
}

async function perform(
  { runner, ward, log, payloadMaxBytes }: ScriptDependencies,
  context: Context,
  params: unknown,
  { call, origin, plan, activity, bundle, grants, limits, notes }: Prepared,
): Promise<ScriptOutcome> {
  const { info } = context;
  const counting: (Promise<void> | undefined)[] = [];
  const runId = runIdOf(info);
  const startedAt = new Date(info.scheduledTimestampMs).toISOString();
  const { attempt } = info;
  const { deterministic } = activity;
  const tell = (line: LogLine): void =>
    log(line, { runId, workflow: plan.workflow, activity: activity.id, attempt, tenant: call.tenant });
  for (const message of notes) tell({ level: 'warn', message, time: new Date().toISOString() });
  const outcome = await runner.run({
    tenant: call.tenant,
    run: { id: runId, workflow: plan.workflow, activity: activity.id, attempt, startedAt, deterministic },
    digest: plan.digest,
    bundle,
    params,
    grants,
    limits: { ...limits, resultBytes: Math.min(limits.resultBytes, payloadMaxBytes) },
    remainingMs: timeOf(context).remainingMs,
    signal: context.cancellationSignal,
    log: tell,
    onKill: (code) => void counting.push(ward?.blame({ ...partOf(context, { call, origin }), code })),
  });
  // Told when it is counted: whatever runs next finds the code stopped.
  await Promise.all(counting);
  return outcome;
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
    // Half a character would break the worker that passes it on.
    message: message.toWellFormed(),
    type: code,
    nonRetryable: !FAILURES[code].retryable,
    details: [{ attempt, ...(stack && { stack }) }],
  });
}
