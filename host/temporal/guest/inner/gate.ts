/**
 * What the SDK inside the guest refuses at once, at the line of the guest that asks for it. This is for clear errors alone: the
 * guest may take it away, and the interpreter outside judges every command again.
 */
import { ApplicationFailure, type WorkflowInterceptors } from '@temporalio/workflow';
import { isForeignQueue, isReservedActivity } from '../rules.ts';

/** Interceptors of a run on `queue`. */
export function gate(queue: string): WorkflowInterceptors {
  const refuseQueue = (where: string, found: string | undefined): void => {
    if (isForeignQueue(found, queue)) {
      refuse('FOREIGN_TARGET', `${where}.taskQueue: found "${found}", expected this project's queue`);
    }
  };
  const refuseActivity = (where: string, name: string, options: Timeouts): void => {
    if (isReservedActivity(name)) refuse('RESERVED_NAME', `activity ${name}: found a name of the host's own`);
    if (options.startToCloseTimeout === undefined && options.scheduleToCloseTimeout === undefined) {
      refuse(
        'ACTIVITY_TIMEOUT_MISSING',
        `${where}: found no startToCloseTimeout or scheduleToCloseTimeout, expected one`,
      );
    }
  };
  return {
    outbound: [
      {
        scheduleActivity(input, next) {
          refuseActivity('proxyActivities', input.activityType, input.options);
          refuseQueue('proxyActivities', input.options.taskQueue);
          return next(input);
        },
        scheduleLocalActivity(input, next) {
          refuseActivity('proxyLocalActivities', input.activityType, input.options);
          const { retry = {} } = input.options;
          // Without a bound Temporal repeats a local activity for ever.
          const bounded = { ...retry, maximumAttempts: retry.maximumAttempts ?? LOCAL_ATTEMPTS };
          return next({ ...input, options: { ...input.options, retry: bounded } });
        },
        startChildWorkflowExecution(input, next) {
          refuseQueue('startChild', input.options.taskQueue);
          return next(input);
        },
        continueAsNew(input, next) {
          refuseQueue('continueAsNew', input.options.taskQueue);
          return next(input);
        },
        startNexusOperation(input) {
          return refuse('FOREIGN_TARGET', `Nexus operation ${input.operation}: found an endpoint, expected activities`);
        },
      },
    ],
  };
}

const LOCAL_ATTEMPTS = 3;

interface Timeouts {
  readonly startToCloseTimeout?: unknown;
  readonly scheduleToCloseTimeout?: unknown;
}

function refuse(type: string, message: string): never {
  throw ApplicationFailure.create({ type, message, nonRetryable: true });
}
