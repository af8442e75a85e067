/** Failures of activities and child runs, told as data, and told apart. */
import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  ChildWorkflowFailure,
  isCancellation,
  TerminatedFailure,
  TimeoutFailure,
} from '@temporalio/workflow';
import type { PlanActivity } from '../../../registry/plan.ts';
import type { ActivityError, RunFailure } from './types.ts';

/**
 * The host reports an overrun itself, so a timeout raised by Temporal means that no host was there to report. A host that
 * stops in mid-activity says so.
 */
export function isHostLost(error: unknown): boolean {
  if (!(error instanceof ActivityFailure)) return false;
  const { cause } = error;
  return cause instanceof TimeoutFailure || (cause instanceof ApplicationFailure && cause.type === 'HOST_LOST');
}

/** What is told of a failed activity; undefined when it failed because the run was cancelled. */
export function describe(activity: PlanActivity, error: unknown): ActivityError | undefined {
  const cancelled = isCancellation(error);
  if (cancelled && CancellationScope.current().consideredCancelled) return undefined;
  const root = rootFailure(error);
  const application = root instanceof ApplicationFailure ? root : undefined;
  const detail = application?.details?.[0] as { attempt?: number; stack?: string } | undefined;
  return {
    activity: activity.id,
    script: activity.script,
    attempts: detail?.attempt ?? (activity.problem ? 0 : 1),
    code: codeOf(root, cancelled),
    message: root instanceof Error ? root.message : String(root),
    ...(detail?.stack && { stack: detail.stack }),
  };
}

function codeOf(root: unknown, cancelled: boolean): string {
  if (cancelled) return 'CANCELLED';
  if (root instanceof TimeoutFailure) return 'RUN_TIMED_OUT';
  if (root instanceof TerminatedFailure) return 'TERMINATED';
  return (root instanceof ApplicationFailure && root.type) || 'SCRIPT_ERROR';
}

/** Why the first step of a run did not end: the FHIR server that nobody could ask, or the code that could not be had. */
export function loadFault(error: unknown): 'FHIR_UNAVAILABLE' | 'PLAN_SOURCE_GONE' {
  const root = rootFailure(error);
  return root instanceof ApplicationFailure && root.type === 'FHIR_UNAVAILABLE' ? root.type : 'PLAN_SOURCE_GONE';
}

function rootFailure(error: unknown): unknown {
  const nested = error instanceof ActivityFailure || error instanceof ChildWorkflowFailure;
  return nested && error.cause ? rootFailure(error.cause) : error;
}

/** Message of the first cause. */
export function rootMessage(error: unknown): string {
  const root = rootFailure(error);
  return root instanceof Error ? root.message : String(root);
}

/** The failure with which a run ends; its first detail is a `RunFailure`. */
export function failure(
  error: RunFailure['error'],
  activities: RunFailure['activities'],
  cause?: unknown,
): ApplicationFailure {
  const details: RunFailure = { error, activities };
  return ApplicationFailure.create({
    // Half a character would break the worker that passes it on.
    message: ('activity' in error ? sentence(error) : error.message).toWellFormed(),
    type: error.code,
    nonRetryable: false,
    details: [details],
    ...(cause instanceof Error && { cause }),
  });
}

function sentence({ activity, script, attempts, message }: ActivityError): string {
  const plural = attempts === 1 ? 'attempt' : 'attempts';
  return `activity "${activity}"${script ? ` (${script})` : ''} failed after ${attempts} ${plural}: ${message}`;
}
