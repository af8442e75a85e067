/** Questions to Temporal, with an end: the SDK tries for half a minute where nobody answers, and a client is told sooner. */
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import { orUnavailable } from '../temporal/trouble.ts';
import { notFound } from './refusal.ts';

/** Asks Temporal. Rejects with `RUN_NOT_FOUND`, `TEMPORAL_UNAVAILABLE`, or what the SDK said. */
export type Ask = <T>(question: (client: Client) => Promise<T>) => Promise<T>;

const CALL_TIMEOUT_MS = 5000;

/** Makes the way to ask through one client. */
export function asker(client: Client): Ask {
  return async (question) => {
    try {
      return await client.withDeadline(Date.now() + CALL_TIMEOUT_MS, () => question(client));
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) throw notFound();
      throw orUnavailable(error);
    }
  };
}
