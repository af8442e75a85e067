/** The failures of `@temporalio/common` that an activity may meet. Told apart by name, so that copies of a class are one. */
import { millisecondsOf } from './duration.ts';

/** Gives a class its name, and lets `instanceof` ask for the name alone. */
function named(name: string): (type: Named) => void {
  return (type) => {
    Object.defineProperty(type.prototype, 'name', { value: name, enumerable: true });
    Object.defineProperty(type, Symbol.hasInstance, {
      value(this: unknown, error: unknown) {
        if (this !== type) return Function.prototype[Symbol.hasInstance].call(this, error);
        return error instanceof Error && chain(error).includes(name);
      },
    });
  };
}

type Named = { readonly prototype: object };

function chain(error: Error): unknown[] {
  const names: unknown[] = [error.name];
  for (let at: object | null = Object.getPrototypeOf(error); at !== null; at = Object.getPrototypeOf(at)) {
    if (Object.hasOwn(at, 'name')) names.push(Reflect.get(at, 'name'));
  }
  return names;
}

/** What all failures of Temporal's have in common. */
export class TemporalFailure extends Error {
  override readonly cause?: Error;

  constructor(message?: string | null, cause?: Error) {
    super(message ?? undefined);
    if (cause !== undefined) this.cause = cause;
  }

  static {
    named('TemporalFailure')(TemporalFailure);
  }
}

/** Whether a failure is one of every day, not worth a warning. */
export const ApplicationFailureCategory = Object.freeze({ BENIGN: 'BENIGN' } as const);

/** Options of `ApplicationFailure.create`. */
export interface ApplicationFailureOptions {
  message?: string;
  type?: string;
  nonRetryable?: boolean;
  details?: unknown[];
  nextRetryDelay?: number | string;
  cause?: Error;
  category?: 'BENIGN';
}

/** A failure of an activity's own making. */
export class ApplicationFailure extends TemporalFailure {
  readonly type: string | null | undefined;
  readonly nonRetryable: boolean | null | undefined;
  readonly details: unknown[] | null | undefined;
  /** Milliseconds. */
  readonly nextRetryDelay: number | undefined;
  readonly category: 'BENIGN' | null | undefined;

  constructor(
    message?: string | null,
    type?: string | null,
    nonRetryable?: boolean | null,
    details?: unknown[] | null,
    cause?: Error,
    nextRetryDelay?: number | string | null,
    category?: 'BENIGN' | null,
  ) {
    super(message, cause);
    this.type = type;
    this.nonRetryable = nonRetryable;
    this.details = details;
    this.nextRetryDelay =
      nextRetryDelay === undefined || nextRetryDelay === null ? undefined : millisecondsOf(nextRetryDelay);
    this.category = category;
  }

  static create(options: ApplicationFailureOptions): ApplicationFailure {
    const { message, type, nonRetryable = false, details, nextRetryDelay, cause, category } = options;
    return new ApplicationFailure(message, type, nonRetryable, details, cause, nextRetryDelay, category);
  }

  static retryable(message?: string | null, type?: string | null, ...details: unknown[]): ApplicationFailure {
    return new ApplicationFailure(message, type ?? 'Error', false, details);
  }

  static nonRetryable(message?: string | null, type?: string | null, ...details: unknown[]): ApplicationFailure {
    return new ApplicationFailure(message, type ?? 'Error', true, details);
  }

  /** The same error as a failure, with what the options say instead. */
  static fromError(error: unknown, overrides: ApplicationFailureOptions = {}): ApplicationFailure {
    const { nextRetryDelay, ...others } = overrides;
    const failure = error instanceof ApplicationFailure ? error : ofError(error);
    const delay = nextRetryDelay === undefined ? {} : { nextRetryDelay: millisecondsOf(nextRetryDelay) };
    return Object.assign(failure, others, delay);
  }

  static {
    named('ApplicationFailure')(ApplicationFailure);
  }
}

function ofError(error: unknown): ApplicationFailure {
  if (!(error instanceof Error)) return new ApplicationFailure(String(error), 'Error', false);
  const cause = error.cause instanceof Error ? error.cause : undefined;
  const failure = new ApplicationFailure(error.message, error.constructor?.name ?? error.name, false, undefined, cause);
  if (error.stack !== undefined) failure.stack = error.stack;
  return failure;
}

/** What a cancelled activity throws. */
export class CancelledFailure extends TemporalFailure {
  readonly details: unknown[];

  constructor(message?: string, details: unknown[] = [], cause?: Error) {
    super(message, cause);
    this.details = details;
  }

  static {
    named('CancelledFailure')(CancelledFailure);
  }
}

/** Of activities that are completed by somebody else. */
export class CompleteAsyncError extends Error {
  static {
    named('CompleteAsyncError')(CompleteAsyncError);
  }
}

/** True for what a cancelled activity throws. */
export function isCancellation(error: unknown): boolean {
  return error instanceof CancelledFailure;
}
