/** Why a run of a project, or an attempt of one of its activities, failed: as a client is told. */
import { ApplicationFailure, TemporalFailure } from '@temporalio/common';

/** Why a run failed, and why that. `code` is the failure's own type where it has one. */
export interface RunFailureView {
  readonly code: string;
  readonly message: string;
  /** Places in the project's code. */
  readonly stack: string | null;
  readonly cause: RunFailureView | null;
}

const DEEPEST_CAUSE = 8;

/** The failure with its causes, and nothing of the host. */
export function failureView(error: Error, depth = 0): RunFailureView {
  const { name, message, stack, cause } = error;
  const type = error instanceof ApplicationFailure ? error.type : null;
  const own = error instanceof TemporalFailure ? error.failure?.stackTrace : stack;
  return {
    code: type ?? name,
    message,
    stack: guestStack(own),
    cause: cause instanceof Error && depth < DEEPEST_CAUSE ? failureView(cause, depth + 1) : null,
  };
}

/** Lines that name files of the host are not a client's to read. */
function guestStack(stack: string | null | undefined): string | null {
  const lines = (stack ?? '').split('\n').filter((line) => line.trim() !== '' && !/[\\/]|node:|webpack/.test(line));
  return lines.length > 0 ? lines.join('\n') : null;
}
