/** Questions to Temporal, with an end: the SDK tries for half a minute where nobody answers, and a client is told sooner. */
import { type Client, isGrpcServiceError, ServiceError, WorkflowNotFoundError } from '@temporalio/client';
import { ApiError } from '../error.ts';
import { notFound } from './refusal.ts';

/** Asks Temporal. Rejects with `RUN_NOT_FOUND`, `TEMPORAL_UNAVAILABLE`, or what the SDK said. */
export type Ask = <T>(question: (client: Client) => Promise<T>) => Promise<T>;

const CALL_TIMEOUT_MS = 5000;
/** Status codes of gRPC. */
const DEADLINE_EXCEEDED = 4;
const RESOURCE_EXHAUSTED = 8;
const UNAVAILABLE = 14;

/** Makes the way to ask through one client. */
export function asker(client: Client): Ask {
  return async (question) => {
    try {
      return await client.withDeadline(Date.now() + CALL_TIMEOUT_MS, () => question(client));
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) throw notFound();
      throw isDown(error) ? new ApiError('TEMPORAL_UNAVAILABLE', 'Temporal does not answer') : error;
    }
  };
}

function isDown(error: unknown): boolean {
  const cause = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(cause) && [DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, UNAVAILABLE].includes(cause.code);
}
