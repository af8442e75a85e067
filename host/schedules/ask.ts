/** Questions to Temporal about schedules: answered soon, or refused in words of the API. */
import { type Client, isGrpcServiceError, ScheduleNotFoundError, ServiceError } from '@temporalio/client';
import { ApiError } from '../error.ts';

const CALL_TIMEOUT_MS = 5000;
/** Status codes of gRPC. */
const INVALID_ARGUMENT = 3;
const DEADLINE_EXCEEDED = 4;
const UNAVAILABLE = 14;

/**
 * Asks, for five seconds at most. Rejects with `SCHEDULE_NOT_FOUND`, `SCHEDULE_INVALID` (with Temporal's own reason),
 * `TEMPORAL_UNAVAILABLE`, or as the client does.
 */
export async function ask<T>(client: Client, question: () => Promise<T>): Promise<T> {
  try {
    return await client.withDeadline(Date.now() + CALL_TIMEOUT_MS, question);
  } catch (error) {
    throw toApiError(error);
  }
}

/** What the API answers when there is no such schedule, or it is not one of this host's. */
export function noSchedule(): ApiError {
  return new ApiError('SCHEDULE_NOT_FOUND', 'no such schedule');
}

function toApiError(error: unknown): unknown {
  if (error instanceof ScheduleNotFoundError) return noSchedule();
  // The client's own look at a spec: a calendar without sense, a duration it cannot read.
  if (error instanceof TypeError) return new ApiError('SCHEDULE_INVALID', error.message);
  const cause = error instanceof ServiceError ? error.cause : error;
  if (!isGrpcServiceError(cause)) return error;
  if (cause.code === INVALID_ARGUMENT) return new ApiError('SCHEDULE_INVALID', cause.details);
  const isDown = cause.code === DEADLINE_EXCEEDED || cause.code === UNAVAILABLE;
  return isDown ? new ApiError('TEMPORAL_UNAVAILABLE', 'Temporal does not answer') : error;
}
