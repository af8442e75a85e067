/** The body of `GET /workflows/:id/runs/:runId`, made from a run's history and what is known of it while it is open. */
import type { Plan } from '../../registry/index.ts';
import type { ActivityError, ActivityResult, ActivityState, SkipReason, Trigger } from '../temporal/workflows/types.ts';
import type { ActivityTrace, RunEnd, RunTrace } from './history.ts';

/** Status of a run, in the words of the BillingWorkflow resource. */
export type RunStatus = 'in-progress' | 'completed' | 'failed';

/** One activity of a run. Times are ISO 8601, `durationMs` milliseconds. */
export interface ActivityView {
  readonly id: string;
  /** Activity whose child this one is; null for a root. */
  readonly parent: string | null;
  readonly name: string;
  readonly script: string | null;
  readonly status: 'pending' | 'running' | 'completed' | 'failed' | 'skipped';
  readonly reason?: SkipReason;
  readonly attempts: number;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly durationMs: number | null;
  readonly input: unknown;
  readonly output: unknown;
  readonly error: ActivityError | null;
  readonly childRun: { readonly workflowId: string; readonly runId: string | null } | null;
  /** Run id of the run whose output this is; absent: of this one. */
  readonly reusedFrom?: string;
}

/** A run without its data, as lists show it. */
export interface RunSummary {
  readonly runId: string;
  readonly workflowId: string;
  readonly workflow: string;
  readonly branch: string | null;
  readonly commit: string | null;
  readonly status: RunStatus;
  readonly tenantOrganizationId: string | null;
  /** Null where nobody knows any more. */
  readonly trigger: Trigger | null;
  readonly executionPeriod: { readonly start: string; readonly end?: string };
}

/** A whole run. `activities` is null when no plan was recorded, or when Temporal has forgotten the run. */
export interface RunView extends RunSummary {
  /** sha256 of all that the run can execute; null when no plan was recorded. */
  readonly digest: string | null;
  /** True when the working tree differed from the commit. */
  readonly dirty: boolean;
  readonly billingWorkflow: { readonly reference: string; readonly status: string | null } | null;
  /** Of which run this one is a re-run, and from which activity; null: of none. */
  readonly rerunOf: { readonly workflowId: string; readonly runId: string; readonly from: string | null } | null;
  readonly input: unknown;
  readonly output: unknown;
  readonly error: ActivityError | { readonly code: string; readonly message: string } | null;
  readonly activities: readonly ActivityView[] | null;
}

/** An activity that has not ended. `startedAt`: of its last attempt, ISO 8601; null before the first. */
export interface Waiting {
  readonly attempt: number;
  readonly startedAt: string | null;
  readonly error: ActivityError | null;
}

/** What only Temporal knows of an open run. */
export interface OpenState {
  readonly walk: Readonly<Record<string, ActivityState>>;
  readonly pending: ReadonlyMap<string, Waiting>;
}

/** Ids of a run. */
export interface RunIds {
  readonly workflowId: string;
  readonly runId: string;
}

/** The run as the API shows it, without the status of its BillingWorkflow resource. */
export function viewRun(ids: RunIds, trace: RunTrace, open: OpenState): RunView {
  const plan = trace.loaded?.ok ? trace.loaded.plan : null;
  const { args, end } = trace;
  const tenant = args.input.tenantOrganizationId;
  return {
    runId: ids.runId,
    workflowId: ids.workflowId,
    workflow: args.workflow,
    branch: plan?.branch ?? args.branch,
    commit: plan?.commit ?? null,
    digest: plan?.digest ?? null,
    dirty: plan?.dirty ?? false,
    status: statusOf(end),
    tenantOrganizationId: typeof tenant === 'string' ? tenant : null,
    trigger: args.trigger,
    executionPeriod: { start: trace.startedAt, ...(end && { end: end.time }) },
    billingWorkflow: trace.record ? { reference: `BillingWorkflow/${trace.record}`, status: null } : null,
    rerunOf: args.rerun ? { workflowId: args.rerun.workflowId, runId: args.rerun.runId, from: args.rerun.from } : null,
    input: args.input,
    output: end?.result ?? null,
    error: errorOf(end),
    activities: plan ? viewActivities(plan, trace, open) : null,
  };
}

function statusOf(end: RunEnd | null): RunStatus {
  if (!end) return 'in-progress';
  return end.kind === 'completed' ? 'completed' : 'failed';
}

function errorOf(end: RunEnd | null): RunView['error'] {
  if (!end) return null;
  switch (end.kind) {
    case 'completed':
      return null;
    case 'failed':
      return end.failure?.error ?? null;
    case 'cancelled':
      return { code: 'CANCELLED', message: 'the run was cancelled' };
    case 'terminated':
      return { code: 'TERMINATED', message: `the run was terminated${end.reason ? `: ${end.reason}` : ''}` };
    case 'timed-out':
      return { code: 'RUN_TIMED_OUT', message: 'the run passed its run timeout' };
    default:
      return end.kind satisfies never;
  }
}

function viewActivities(plan: Plan, trace: RunTrace, open: OpenState): ActivityView[] {
  const ended: Readonly<Record<string, ActivityResult>> =
    trace.end?.result?.activities ?? trace.end?.failure?.activities ?? {};
  const { rerun } = trace.args;
  const parents = new Map(plan.activities.flatMap(({ id, children }) => children.map((child) => [child, id] as const)));
  return plan.activities.map(({ id, name, script }) => {
    const seen = trace.activities.get(id);
    const isKept = rerun !== undefined && Object.hasOwn(rerun.outputs, id);
    const known = ended[id] ?? open.walk[id] ?? skipped(trace.skips[id]);
    const waiting = trace.end ? undefined : open.pending.get(id);
    const error = known?.error ?? own(seen?.error ?? waiting?.error ?? null, id, script);
    return {
      id,
      parent: parents.get(id) ?? null,
      name,
      script,
      status: isKept ? 'completed' : activityStatus(seen, known?.status, trace.end !== null),
      ...(known?.reason && { reason: known.reason }),
      attempts: waiting?.attempt ?? known?.error?.attempts ?? seen?.attempts ?? 0,
      startedAt: seen?.startedAt ?? waiting?.startedAt ?? null,
      endedAt: seen?.endedAt ?? null,
      durationMs: duration(seen),
      input: seen?.input ?? null,
      output: isKept ? rerun.outputs[id] : (seen?.output ?? ended[id]?.output ?? null),
      error,
      childRun: seen?.childRun ?? null,
      ...(isKept && { reusedFrom: rerun.runId }),
    };
  });
}

function own(error: ActivityError | null, activity: string, script: string | null): ActivityError | null {
  return error && { ...error, activity, script };
}

function skipped(reason: SkipReason | undefined): ActivityState | undefined {
  return reason && { status: 'skipped', reason };
}

/**
 * The walk knows what history does not: skips, and failures before anything was scheduled. While a run is open it may also be
 * a moment ahead of the history that was read, and then history counts: a status and its output belong together.
 */
function activityStatus(
  seen: ActivityTrace | undefined,
  known: ActivityState['status'] | undefined,
  closed: boolean,
): ActivityView['status'] {
  if (known && known !== 'pending' && (closed || !seen)) return known;
  if (!seen) return 'pending';
  return closed && seen.status === 'running' ? 'failed' : seen.status;
}

function duration(seen: ActivityTrace | undefined): number | null {
  if (!seen?.startedAt || !seen.endedAt) return null;
  return Date.parse(seen.endedAt) - Date.parse(seen.startedAt);
}
