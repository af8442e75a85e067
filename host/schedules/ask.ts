/** Questions to Temporal about schedules: answered soon, or refused in words of the API. */
import { type Client, ScheduleNotFoundError } from '@temporalio/client';
import { ApiError } from '../error.ts';
import { grpcOf, isLate, orUnavailable } from '../temporal/trouble.ts';

const CALL_TIMEOUT_MS = 5000;
const READ_TIMEOUT_MS = 1500;
const READ_ATTEMPTS = 4;
/** Of gRPC's status codes. */
const INVALID_ARGUMENT = 3;

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

/**
 * Asks for a description: several times, each for a short while. A question that comes while the schedule is being made or
 * deleted may never be answered, the next one is. Rejects as `ask` does.
 */
export async function read<T>(client: Client, question: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await client.withDeadline(Date.now() + READ_TIMEOUT_MS, question);
    } catch (error) {
      if (!isLate(error) || attempt === READ_ATTEMPTS) throw toApiError(error);
    }
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
  const answered = grpcOf(error);
  if (answered?.code === INVALID_ARGUMENT) return new ApiError('SCHEDULE_INVALID', answered.details);
  return orUnavailable(error);
}
