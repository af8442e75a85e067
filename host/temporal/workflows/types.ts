/** Data that crosses between the workflow, its activities and the API. Everything here is recorded in Temporal's history. */
import type { Plan } from '../../../registry/plan.ts';

/** What started a run. */
export interface Trigger {
  readonly type: 'manual' | 'subscription' | 'schedule' | 'workflow';
  /** Trigger id, schedule id or the parent's Temporal workflow id; null for a start by hand. */
  readonly id: string | null;
}

/** The single argument of `billingWorkflow`. `input` never holds `_workflowId`. */
export interface BillingArgs {
  readonly workflow: string;
  /** Null: the project's main branch. */
  readonly branch: string | null;
  readonly input: Readonly<Record<string, unknown>>;
  readonly trigger: Trigger;
  /**
   * A plan in the code store: what the API checked is what runs, and a child runs the snapshot its parent was pinned to.
   * Absent (schedules): the first step compiles the workflow as it is then.
   */
  readonly pin?: Pin;
  /** Absent: no re-run. */
  readonly rerun?: Rerun;
}

/** Of which run this one is a re-run, and what it takes over. */
export interface Rerun {
  readonly workflowId: string;
  readonly runId: string;
  /** Activity from which everything is executed again; null: everything is. */
  readonly from: string | null;
  /** Outputs of the activities that are not executed again, by id. */
  readonly outputs: Readonly<Record<string, unknown>>;
}

/** Names a plan of the code store, with the labels that are no part of its content. */
export interface Pin {
  readonly digest: string;
  readonly commit: string | null;
  readonly dirty: boolean;
}

/** First recorded step of a run: the plan it obeys from then on, or why there is none. */
export type LoadedPlan =
  | {
      readonly ok: true;
      readonly plan: Plan;
      readonly payloadMaxBytes: number;
    }
  | {
      readonly ok: false;
      readonly code: 'PLAN_INVALID' | 'PLAN_SOURCE_GONE' | 'TENANT_REFUSED' | 'FHIR_UNAVAILABLE';
      readonly message: string;
      /** False when the run's tenant cannot be trusted to hold a BillingWorkflow resource. */
      readonly recordable: boolean;
    };

/** Second argument of a script's activity; the first is `params`. Made by the workflow, never by a script. */
export interface ScriptCall {
  readonly activity: string;
  readonly workflow: string;
  /** Digest of the plan. */
  readonly plan: string;
  readonly tenant: string | null;
}

/** Argument of the activity that creates the BillingWorkflow resource. */
export interface RecordCreate {
  readonly tenant: string | null;
  readonly workflowId: string;
  readonly runId: string;
  readonly workflow: string;
  readonly branch: string | null;
  readonly commit: string | null;
  /** ISO 8601. */
  readonly start: string;
}

/** Argument of the activity that closes the BillingWorkflow resource. */
export interface RecordClose {
  readonly tenant: string | null;
  /** Resource id. */
  readonly id: string;
  readonly status: 'completed' | 'failed';
  /** ISO 8601. */
  readonly end: string;
}

/** Why an activity was not visited. */
export type SkipReason = 'applicability' | 'ancestor-skipped' | 'ancestor-failed';

/** State of one activity, as the query `walk` tells it while the run is open. */
export interface ActivityState {
  readonly status: 'pending' | 'running' | 'completed' | 'failed' | 'skipped';
  readonly reason?: SkipReason;
  readonly error?: ActivityError;
}

/** Why an activity failed. */
export interface ActivityError {
  readonly activity: string;
  /** As in YAML; null for a child workflow. */
  readonly script: string | null;
  readonly attempts: number;
  readonly code: string;
  readonly message: string;
  /** Lines `at main (activities/x.ts:3:9)` of the project's own files. */
  readonly stack?: string;
}

/** One entry of a run's result. */
export interface ActivityResult {
  readonly status: 'completed' | 'skipped' | 'failed' | 'pending';
  readonly reason?: SkipReason;
  readonly output?: unknown;
  readonly error?: ActivityError;
}

/** What a completed run returns. */
export interface RunResult {
  readonly status: 'completed';
  readonly activities: Readonly<Record<string, ActivityResult>>;
  /** True when the outputs were too many for one result; each still stands in the run's history. */
  readonly outputsLeftOut?: true;
}

/** First detail of the failure of a failed run. */
export interface RunFailure {
  readonly error: ActivityError | { readonly code: string; readonly message: string };
  readonly activities: Readonly<Record<string, ActivityResult>>;
}
