/** Clearing the code store: what no open run obeys and nobody has used for 30 days (specification D4). */
import type { Client } from '@temporalio/client';
import type { CodeStore, Plan } from '../../registry/index.ts';
import { readHistory } from '../runs/history.ts';

/** What a sweep needs. */
export interface Sweep {
  readonly store: Pick<CodeStore, 'touchCode' | 'removeCode'>;
  readonly client: Client;
  /** A plan by its digest, as `PlanShelf.plan`. */
  readonly plan: (digest: string) => Promise<Plan | null>;
  /** Digests that open runs of projects' workers obey, of those started before a time (ISO 8601); absent: there are none. */
  readonly guests?: (startedBefore: string) => AsyncIterable<string>;
  /** Milliseconds since 1970. */
  readonly now: number;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const KEPT_DAYS = 30;
/** Whatever a run uses was stored, again if need be, within the day before it started; see `PlanShelf`. */
const STARTED_DAYS = KEPT_DAYS - 2;
/** A run names its plan in its first events. */
const FIRST_EVENTS = 20;

/**
 * Removes bundles and plans. Open runs that are older are asked first what they obey, and that is marked as used: should one not
 * tell, nothing is removed and the sweep rejects. Safe on several hosts at once. Resolves to how many pieces went.
 */
export async function sweepCode({ store, client, plan, guests, now }: Sweep): Promise<number> {
  const touched = new Set<string>();
  const touch = async (digest: string | null): Promise<void> => {
    if (digest === null || touched.has(digest)) return;
    touched.add(digest);
    await store.touchCode(digest);
  };
  const touchPlan = async (digest: string): Promise<void> => {
    if (touched.has(digest)) return;
    await touch(digest);
    for (const { bundle, childWorkflow } of (await plan(digest))?.activities ?? []) {
      await touch(bundle);
      if (childWorkflow) await touchPlan(childWorkflow.plan);
    }
  };
  const started = new Date(now - STARTED_DAYS * DAY_MS).toISOString();
  const query = `WorkflowType = 'billingWorkflow' AND ExecutionStatus = 'Running' AND StartTime < '${started}'`;
  for await (const { workflowId, runId } of client.workflow.list({ query })) {
    for (const digest of await plansOf(client, workflowId, runId)) await touchPlan(digest);
  }
  for await (const digest of guests?.(started) ?? []) await touch(digest);
  return store.removeCode(new Date(now - KEPT_DAYS * DAY_MS).toISOString());
}

/** Digest of the plan that a run was started with, or has loaded. */
async function plansOf(client: Client, workflowId: string, runId: string): Promise<readonly string[]> {
  const { history } = await client.workflowService.getWorkflowExecutionHistory({
    namespace: client.options.namespace,
    execution: { workflowId, runId },
    maximumPageSize: FIRST_EVENTS,
  });
  const trace = readHistory(history?.events ?? []);
  const loaded = trace?.loaded?.ok ? trace.loaded.plan.digest : null;
  return [trace?.args.pin?.digest ?? null, loaded].filter((digest) => digest !== null);
}
