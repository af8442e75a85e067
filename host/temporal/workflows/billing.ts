/** `billingWorkflow`: pins a plan, keeps the BillingWorkflow resource, walks the activities. Deterministic. */
import {
  ActivityCancellationType,
  ApplicationFailure,
  CancellationScope,
  CancelledFailure,
  ChildWorkflowCancellationType,
  defineQuery,
  executeChild,
  log,
  ParentClosePolicy,
  patched,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
  startChild,
  upsertMemo,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { Plan, PlanActivity } from '../../../registry/plan.ts';
import { describe, failure, isHostLost, loadFault, rootMessage } from './failure.ts';
import { labelsOf } from './labels.ts';
import { childName, isWorkflowId } from './names.ts';
import { utf8Length } from './template.ts';
import type {
  ActivityState,
  BillingArgs,
  LoadedPlan,
  RecordClose,
  RecordCreate,
  RunResult,
  ScriptCall,
} from './types.ts';
import { Walk } from './walk.ts';

/** Times an activity is scheduled anew after its host was lost, before the run fails with `HOST_LOST`. */
const LOST_HOST_RESCHEDULES = 5;
const DEFAULT_TIMEOUT_MS = 30_000;

/** Query: state of every activity of an open run. */
export const walkQuery = defineQuery<Record<string, ActivityState>>('walk');

/** The steps the host performs for a run, as local activities: recorded like any other, without a trip through a queue. */
interface HostSteps {
  'cloister:loadPlan'(args: BillingArgs): Promise<LoadedPlan>;
  'cloister:createRecord'(args: RecordCreate): Promise<string>;
  'cloister:closeRecord'(args: RecordClose): Promise<void>;
}

const host = proxyLocalActivities<HostSteps>({
  startToCloseTimeout: '60s',
  retry: { maximumAttempts: 5, initialInterval: '500ms', maximumInterval: '5s' },
});

/** What the run obeys from its first step on. */
type Pinned = LoadedPlan & { readonly ok: true };

type Script = (params: unknown, call: ScriptCall) => Promise<unknown>;

/** A run of one workflow of a config project. Returns the result of spec 3.7; fails with `RunFailure` in its details. */
export async function billingWorkflow(args: BillingArgs): Promise<RunResult> {
  const run = new Run(checked(args));
  setHandler(walkQuery, () => run.states());
  return run.execute();
}

class Run {
  readonly #args: BillingArgs;
  readonly #tenant: string | null;
  #walk: Walk | undefined;
  #record: string | undefined;
  #result: RunResult = { status: 'completed', activities: {} };

  constructor(args: BillingArgs) {
    this.#args = args;
    const tenant = args.input.tenantOrganizationId;
    this.#tenant = typeof tenant === 'string' ? tenant : null;
  }

  states(): Record<string, ActivityState> {
    return this.#walk?.states() ?? {};
  }

  async execute(): Promise<RunResult> {
    try {
      await this.#perform();
    } catch (error) {
      await CancellationScope.nonCancellable(() => this.#close('failed'));
      throw error;
    }
    await CancellationScope.nonCancellable(() => this.#close('completed'));
    return this.#result;
  }

  async #perform(): Promise<void> {
    // A cancellation waits for these two: what the create has made must be known, or it could never be closed.
    const loaded = await CancellationScope.nonCancellable(() => this.#open());
    if (!loaded.ok) throw failure({ code: loaded.code, message: loaded.message }, {});
    this.#label(loaded.plan);
    const { input, rerun } = this.#args;
    const walk = new Walk(
      { plan: loaded.plan, input, ...(rerun && { kept: rerun.outputs }) },
      {
        execute: (activity, params) => this.#run(activity, params, loaded),
        fail: (activity, error) => describe(activity, error),
      },
    );
    this.#walk = walk;
    const tooLate = CancellationScope.current().consideredCancelled;
    if (!tooLate) await walk.run();
    if (tooLate || walk.cancelled) {
      // Temporal keeps no details of a cancelled run, and its history says nothing of what was skipped.
      upsertMemo({ CloisterSkips: walk.skips() });
      throw new CancelledFailure('the run was cancelled');
    }
    if (walk.failure) throw failure(walk.failure, walk.results({ outputs: false }));
    this.#result = resultOf(walk, loaded.payloadMaxBytes);
  }

  /** Pins the plan and creates the resource, which a run whose workflow is broken has as well. */
  async #open(): Promise<LoadedPlan> {
    const loaded = await this.#load();
    if (loaded.ok) this.#record = await this.#create(loaded.plan.commit);
    else if (loaded.recordable) this.#record = await this.#create(null);
    return loaded;
  }

  async #load(): Promise<LoadedPlan> {
    try {
      return await host['cloister:loadPlan'](this.#args);
    } catch (error) {
      return { ok: false, code: loadFault(error), message: rootMessage(error), recordable: true };
    }
  }

  async #create(commit: string | null): Promise<string> {
    const { workflowId, runId, startTime } = workflowInfo();
    const { workflow, branch } = this.#args;
    const start = startTime.toISOString();
    try {
      return await host['cloister:createRecord']({
        tenant: this.#tenant,
        workflowId,
        runId,
        workflow,
        branch,
        commit,
        start,
      });
    } catch (error) {
      throw failure(
        { code: 'FHIR_UNAVAILABLE', message: `the BillingWorkflow resource: ${rootMessage(error)}` },
        {},
        error,
      );
    }
  }

  /** The outcome stands in Temporal whether or not the resource can be patched; the API mends a resource left open. */
  async #close(status: 'completed' | 'failed'): Promise<void> {
    if (this.#record === undefined) return;
    try {
      const end = new Date().toISOString();
      await host['cloister:closeRecord']({ tenant: this.#tenant, id: this.#record, status, end });
    } catch (error) {
      log.warn('the BillingWorkflow resource could not be closed', { status, reason: rootMessage(error) });
    }
  }

  #label(plan: Plan): void {
    if (plan.commit !== null) {
      upsertSearchAttributes({ CloisterCommit: [plan.commit] });
      upsertMemo({ CloisterCommit: plan.commit });
    }
  }

  async #run(activity: PlanActivity, params: Record<string, unknown>, loaded: Pinned): Promise<unknown> {
    const bytes = utf8Length(JSON.stringify(params));
    if (bytes > loaded.payloadMaxBytes) {
      const found = `params of ${bytes} bytes, expected at most ${loaded.payloadMaxBytes}`;
      throw ApplicationFailure.nonRetryable(`found ${found}`, 'PARAMS_TOO_LARGE');
    }
    return activity.childWorkflow
      ? this.#runChild(activity, params, loaded)
      : this.#runScript(activity, params, loaded);
  }

  async #runScript(activity: PlanActivity, params: unknown, loaded: Pinned): Promise<unknown> {
    const { problem, script } = activity;
    if (problem) throw ApplicationFailure.nonRetryable(problem.message, problem.code);
    if (script === null) throw ApplicationFailure.nonRetryable('found no script', 'SCRIPT_MISSING');
    const call: ScriptCall = {
      activity: activity.id,
      workflow: loaded.plan.workflow,
      plan: loaded.plan.digest,
      tenant: this.#tenant,
    };
    for (let lost = 0; ; lost++) {
      try {
        return await scriptActivity(activity, script, lost)(params, call);
      } catch (error) {
        if (!isHostLost(error)) throw error;
        if (lost === LOST_HOST_RESCHEDULES) {
          throw ApplicationFailure.nonRetryable(`the host was lost ${lost + 1} times`, 'HOST_LOST');
        }
      }
    }
  }

  async #runChild(activity: PlanActivity, params: Record<string, unknown>, loaded: Pinned): Promise<unknown> {
    const child = activity.childWorkflow;
    if (!child) throw ApplicationFailure.nonRetryable('found no childWorkflow', 'SCRIPT_MISSING');
    const { _workflowId: named, ...input } = params;
    const wanted = input.tenantOrganizationId;
    if (wanted !== undefined && wanted !== this.#tenant) {
      throw ApplicationFailure.nonRetryable('a child workflow runs under the tenant of its parent', 'TENANT_REFUSED');
    }
    // Only where it matters, so that histories of before are replayed as they were.
    if (typeof named === 'string' && named !== '' && !isWorkflowId(named) && patched('child-names')) {
      throw ApplicationFailure.nonRetryable('found a _workflowId that no run can have', 'PARAMS_INVALID');
    }
    const parent = workflowInfo().workflowId;
    const args: BillingArgs = {
      workflow: child.workflow,
      branch: this.#args.branch,
      input: this.#tenant === null ? input : { ...input, tenantOrganizationId: this.#tenant },
      trigger: { type: 'workflow', id: parent },
      pin: { digest: child.plan, commit: loaded.plan.commit, dirty: loaded.plan.dirty },
    };
    const { memo, searchAttributes } = labelsOf(args);
    const options = {
      workflowId: typeof named === 'string' && named !== '' ? named : childName(workflowInfo(), activity.id),
      args: [args] as [BillingArgs],
      memo: { ...memo, CloisterActivity: activity.id },
      searchAttributes,
      retry: { maximumAttempts: activity.maximumAttempts },
      ...(activity.timeoutMs !== null && { workflowRunTimeout: activity.timeoutMs }),
    };
    if (activity.decoupled) {
      const handle = await startChild(billingWorkflow, {
        ...options,
        parentClosePolicy: ParentClosePolicy.ABANDON,
        cancellationType: ChildWorkflowCancellationType.ABANDON,
      });
      return { workflowId: handle.workflowId, runId: handle.firstExecutionRunId };
    }
    const { REQUEST_CANCEL } = ParentClosePolicy;
    const result = await executeChild(billingWorkflow, { ...options, parentClosePolicy: REQUEST_CANCEL });
    if (!result.outputsLeftOut) return result;
    const found = `outputs of the child workflow that are larger than ${loaded.payloadMaxBytes} bytes together`;
    throw ApplicationFailure.nonRetryable(`found ${found}, expected smaller ones`, 'RESULT_TOO_LARGE');
  }
}

/** Whatever starts runs by hand may pass anything: a clear end is better than a workflow task that fails for ever. */
function checked(args: BillingArgs): BillingArgs {
  const isMap = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);
  const { workflow, input } = isMap(args) ? args : ({} as Partial<BillingArgs>);
  const kept = isMap(args) && args.rerun !== undefined ? args.rerun?.outputs : {};
  if (typeof workflow !== 'string' || !isMap(input) || !isMap(kept)) {
    throw ApplicationFailure.nonRetryable('expected { workflow, branch, input, trigger } as argument', 'PLAN_INVALID');
  }
  return { ...args, branch: args.branch ?? null, trigger: args.trigger ?? { type: 'manual', id: null } };
}

/** Outputs stand in history one by one; the result holds them again, and together they may be too many for one payload. */
function resultOf(walk: Walk, maxBytes: number): RunResult {
  const activities = walk.results({ outputs: true });
  const result: RunResult = { status: 'completed', activities };
  if (utf8Length(JSON.stringify(result)) <= maxBytes) return result;
  return { status: 'completed', activities: walk.results({ outputs: false }), outputsLeftOut: true };
}

function scriptActivity(activity: PlanActivity, script: string, lost: number): Script {
  const { backoff, maximumAttempts, timeoutMs } = activity;
  const proxy = proxyActivities<Record<string, Script>>({
    // The activity's id in history is the YAML id, so that history and API tell the same story.
    activityId: lost === 0 ? activity.id : `${activity.id}~${lost + 1}`,
    scheduleToCloseTimeout: timeoutMs ?? DEFAULT_TIMEOUT_MS,
    heartbeatTimeout: '5s',
    // A cancelled run is over when its scripts are.
    cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    retry: {
      maximumAttempts,
      ...(backoff && {
        initialInterval: backoff.initialMs,
        backoffCoefficient: backoff.coefficient,
        maximumInterval: backoff.maxMs,
      }),
    },
  });
  return (params, call) => (proxy[script] as Script)(params, call);
}
