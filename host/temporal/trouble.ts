/** What went wrong between the host and Temporal, in the words of the API. */
import { isGrpcServiceError, ServiceError } from '@temporalio/client';
import { ApiError } from '../error.ts';

/** Status codes of gRPC. The first is what some calls end with at their deadline: nobody else cancels any. */
const CANCELLED = 1;
const DEADLINE_EXCEEDED = 4;
/** Many asked about one thing at once, which answers one after the other. */
const RESOURCE_EXHAUSTED = 8;
const UNAVAILABLE = 14;

/** The answer of Temporal's server under an error of the client; null when there was none. */
export function grpcOf(error: unknown): { readonly code: number; readonly details: string } | null {
  const cause = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(cause) ? cause : null;
}

/** True when the time was up before there was an answer. */
export function isLate(error: unknown): boolean {
  const code = grpcOf(error)?.code;
  return code === DEADLINE_EXCEEDED || code === CANCELLED;
}

/** `TEMPORAL_UNAVAILABLE` when nobody answered, or had no time; else the error as it is. */
export function orUnavailable(error: unknown): unknown {
  const code = grpcOf(error)?.code;
  const isDown = isLate(error) || code === RESOURCE_EXHAUSTED || code === UNAVAILABLE;
  return isDown ? new ApiError('TEMPORAL_UNAVAILABLE', 'Temporal does not answer') : error;
}
