/** An error as a client of Temporal sees it, for a comparison: everything but stacks. */

/** Name, message and what else the failure types carry, with its cause. */
export interface Fault {
  readonly name: string;
  readonly message: string;
  readonly told?: Readonly<Record<string, unknown>>;
  readonly cause?: Fault;
}

const TOLD = [
  'type',
  'nonRetryable',
  'details',
  'retryState',
  'activityType',
  'activityId',
  'timeoutType',
  'workflowType',
];

/** Describes an error and its causes. */
export function describeError(error: unknown): Fault {
  if (!(error instanceof Error)) return { name: typeof error, message: String(error) };
  const own = Object.entries(error).filter(([key, value]) => TOLD.includes(key) && value !== undefined);
  return {
    name: error.name,
    message: error.message,
    ...(own.length > 0 ? { told: Object.fromEntries(own) } : {}),
    ...(error.cause === undefined ? {} : { cause: describeError(error.cause) }),
  };
}
