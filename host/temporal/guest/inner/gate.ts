/**
 * What the SDK inside the guest refuses at once, at the line of the guest that asks for it. This is for clear errors alone: the
 * guest may take it away, and the interpreter outside judges every command again.
 */
import * as workflow from '@temporalio/workflow';
import { isForeignQueue, isReservedActivity } from '../rules.ts';

/** Interceptors of a run on `queue`. */
export function gate(queue: string): workflow.WorkflowInterceptors {
  const refuseQueue = (where: string, found: string | undefined): void => {
    if (isForeignQueue(found, queue)) {
      refuse('FOREIGN_TARGET', `${where}.taskQueue: found "${found}", expected this project's queue`);
    }
  };
  const refuseActivity = (name: string): void => {
    if (isReservedActivity(name)) refuse('RESERVED_NAME', `activity ${name}: found a name of the host's own`);
  };
  return {
    outbound: [
      {
        scheduleActivity(input, next) {
          refuseActivity(input.activityType);
          refuseQueue('proxyActivities', input.options.taskQueue);
          return next(input);
        },
        scheduleLocalActivity(input, next) {
          refuseActivity(input.activityType);
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

/** The module as guests import it: what the SDK refuses without a code of its own has one here. */
export const guestWorkflow = {
  ...workflow,
  proxyActivities: timed('proxyActivities', workflow.proxyActivities),
  proxyLocalActivities: timed('proxyLocalActivities', workflow.proxyLocalActivities),
};

function timed<Make extends (options: never) => unknown>(name: string, make: Make): Make {
  const checked = (options: { readonly startToCloseTimeout?: unknown; readonly scheduleToCloseTimeout?: unknown }) => {
    if (options?.startToCloseTimeout === undefined && options?.scheduleToCloseTimeout === undefined) {
      refuse(
        'ACTIVITY_TIMEOUT_MISSING',
        `${name}: found neither startToCloseTimeout nor scheduleToCloseTimeout, expected one`,
      );
    }
    return make(options as never);
  };
  return checked as unknown as Make;
}

function refuse(type: string, message: string): never {
  throw workflow.ApplicationFailure.create({ type, message, nonRetryable: true });
}
