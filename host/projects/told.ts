/** Tells of attempts of a project's activities that failed, in the host's log. */
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import type { Logger } from 'pino';
import type { ProjectRow } from '../../registry/index.ts';

/** The interceptor. A cancellation is no failure. */
export function tellFailures(log: Logger, host: string, project: () => ProjectRow): ActivityInterceptorsFactory {
  return ({ info }) => ({
    inbound: {
      async execute(input, next) {
        try {
          return await next(input);
        } catch (error) {
          if (!(error instanceof CancelledFailure)) {
            const { activityType: type, attempt, workflowExecution } = info;
            const code = error instanceof ApplicationFailure ? (error.type ?? 'ACTIVITY_ERROR') : 'ACTIVITY_ERROR';
            const about = { projectId: project().id, host, runId: workflowExecution?.runId, type, attempt, code };
            log.warn({ event: 'activity_failed', ...about }, 'an attempt of an activity failed');
          }
          throw error;
        }
      },
    },
  });
}
