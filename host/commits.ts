/** The commit that a run obeys, out of the label that its first step left on it. */
import type { Client } from '@temporalio/client';

/** Names a run of Temporal's. */
export interface RunName {
  readonly workflowId: string;
  readonly runId: string;
}

/** Null: the run obeys no commit, but a plain folder. Rejects when Temporal does not answer. */
export type CommitOf = (run: RunName) => Promise<string | null>;

const KEPT = 1_000;

/** Asks Temporal, once for each run: the label is written before the first script is scheduled and never changes. */
export function labelledCommit(client: Client): CommitOf {
  const kept = new Map<string, Promise<string | null>>();
  return ({ workflowId, runId }) => {
    const known = kept.get(runId);
    if (known) return known;
    const asked = client.workflow
      .getHandle(workflowId, runId)
      .describe()
      .then(({ memo }) => (typeof memo?.CloisterCommit === 'string' ? memo.CloisterCommit : null));
    asked.catch(() => kept.delete(runId));
    kept.set(runId, asked);
    const [oldest] = kept.keys();
    if (kept.size > KEPT && oldest !== undefined) kept.delete(oldest);
    return asked;
  };
}
