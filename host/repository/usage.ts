/** Which runs are open, as far as branches, commits and code are concerned: Temporal's index knows. */
import type { Client } from '@temporalio/client';

/** `unknown`: Temporal did not answer, and whatever depends on it must stay. */
export type Use = 'none' | 'some' | 'unknown';

/** Asks for open runs. Never rejects. */
export interface OpenRuns {
  onBranch(branch: string): Promise<Use>;
  atCommit(commit: string): Promise<Use>;
}

const DEADLINE_MS = 5_000;
const OPEN = "WorkflowType = 'billingWorkflow' AND ExecutionStatus = 'Running'";

/** Open runs of a namespace. The client must not wait for Temporal when it is made: a host may start before it. */
export function temporalRuns(client: Client): OpenRuns {
  const count = async (query: string): Promise<Use> => {
    try {
      const { count: found } = await client.withDeadline(Date.now() + DEADLINE_MS, () => client.workflow.count(query));
      return found > 0 ? 'some' : 'none';
    } catch {
      return 'unknown';
    }
  };
  return {
    onBranch: (branch) => count(`${OPEN} AND CloisterBranch = ${quote(branch)}`),
    atCommit: (commit) => count(`${OPEN} AND CloisterCommit = ${quote(commit)}`),
  };
}

const quote = (text: string): string => `'${text.replaceAll("'", "''")}'`;
