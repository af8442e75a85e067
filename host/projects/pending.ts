/** Activities of an open run that have not ended, as Temporal describes them. */
import { defaultFailureConverter, defaultPayloadConverter } from '@temporalio/common';
import type { temporal } from '@temporalio/proto';
import { readTime } from '../runs/history.ts';
import { failureView, type RunFailureView } from './cause.ts';

/** Where an activity is, in Temporal's words, by their numbers. */
export const PENDING_STATES = ['scheduled', 'started', 'cancel-requested', 'paused', 'pause-requested'] as const;

/** An activity that has not ended. Times are ISO 8601. */
export interface PendingActivityView {
  /** Within the run. */
  readonly id: string;
  /** As the workflow calls it. */
  readonly name: string;
  /** `running`: an attempt is; `pending`: it waits for one. */
  readonly status: 'pending' | 'running';
  readonly state: (typeof PENDING_STATES)[number];
  /** Number of the attempt that runs, or is waited for. */
  readonly attempts: number;
  /** Null: it is tried for ever. */
  readonly maximumAttempts: number | null;
  /** Of the last attempt; null before the first. */
  readonly startedAt: string | null;
  /** Null while an attempt runs, or may begin. */
  readonly nextAttemptAt: string | null;
  /** Last sign of life of the attempt that runs; null for none yet. */
  readonly heartbeatAt: string | null;
  /** What the last attempt failed of; null for none. */
  readonly error: RunFailureView | null;
}

type Pending = temporal.api.workflow.v1.IPendingActivityInfo;

/** Steps of the host's own are none of the project's. */
const HOST_STEP = 'cloister:';
const STARTED: ReadonlySet<PendingActivityView['state']> = new Set(['started', 'cancel-requested', 'pause-requested']);

/** Those of the project, in the order in which they were scheduled. */
export function pendingViews(pending: readonly Pending[]): readonly PendingActivityView[] {
  return pending
    .filter(({ activityType }) => !activityType?.name?.startsWith(HOST_STEP))
    .map(pendingView)
    .sort((one, other) => one.id.localeCompare(other.id, 'en', { numeric: true }));
}

function pendingView(activity: Pending): PendingActivityView {
  const { activityId, activityType, attempt, maximumAttempts, lastFailure } = activity;
  const state = PENDING_STATES[Number(activity.state ?? 1) - 1] ?? 'scheduled';
  return {
    id: activityId ?? '',
    name: activityType?.name ?? '',
    status: STARTED.has(state) ? 'running' : 'pending',
    state,
    attempts: attempt ?? 1,
    maximumAttempts: maximumAttempts || null,
    startedAt: readTime(activity.lastStartedTime),
    nextAttemptAt: readTime(activity.nextAttemptScheduleTime),
    heartbeatAt: readTime(activity.lastHeartbeatTime),
    error: lastFailure
      ? failureView(defaultFailureConverter.failureToError(lastFailure, defaultPayloadConverter))
      : null,
  };
}
