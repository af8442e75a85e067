/** Which plan the runs of a delivery are pinned to: it may differ from tenant to tenant, for plugins do. */
import type { Logger } from 'pino';
import { RegistryError } from '../../registry/index.ts';
import { ApiError } from '../error.ts';
import type { CheckedWorkflow, PlanShelf } from '../plans.ts';
import { refusalText, type Ward } from '../quarantine.ts';
import type { Order, Rejection } from './orders.ts';

/** What pins are made with. */
export interface PinParts {
  readonly shelf: PlanShelf;
  /** Null: no code is ever stopped. */
  readonly ward: Ward | null;
  readonly log: Logger;
}

/** An order with its plan. */
export type Pinned<O extends Order> = O & Pick<CheckedWorkflow, 'pin' | 'branch'>;

/**
 * Gives each order its plan; an order whose tenant cannot have one, or whose code is in quarantine, is rejected. Rejects with
 * `TRIGGER_INVALID` when there is no plan for anybody: that is the workflow's fault, and an event is not lost by it.
 */
export async function pinned<O extends Order>(
  orders: readonly O[],
  workflow: string,
  { shelf, ward, log }: PinParts,
): Promise<{ pinned: Pinned<O>[]; rejected: Rejection[] }> {
  const plans = new Map<string | null, CheckedWorkflow | null>();
  for (const { tenant } of orders) {
    if (plans.has(tenant)) continue;
    plans.set(tenant, await shelf.check(workflow, null, inputOf(tenant)).catch((error) => without(error, log)));
  }
  if (orders.length > 0 && [...plans.values()].every((plan) => plan === null)) throw invalid();
  const found: Pinned<O>[] = [];
  const rejected: Rejection[] = [];
  for (const order of orders) {
    const { event, tenant } = order;
    const plan = plans.get(tenant) ?? null;
    // Where the store does not answer, the run is taken: each of its activities asks again, and waits.
    const stopped = plan && (await ward?.standing(tenant, plan.pin).catch(() => null));
    if (plan === null)
      rejected.push({ event, code: 'WORKFLOW_INVALID', message: 'the workflow has errors for this tenant' });
    else if (stopped) rejected.push({ event, code: 'COMMIT_QUARANTINED', message: refusalText(stopped) });
    else found.push({ ...order, pin: plan.pin, branch: plan.branch });
  }
  return { pinned: found, rejected };
}

/** Refusal of a trigger that cannot start anything. What is wrong is the author's to read, not the sender's. */
export function invalid(): ApiError {
  return new ApiError('TRIGGER_INVALID', 'the trigger or its workflow has errors', { expected: 'run: cloister check' });
}

function inputOf(tenant: string | null): Readonly<Record<string, unknown>> {
  return tenant === null ? {} : { tenantOrganizationId: tenant };
}

function without(error: unknown, log: Logger): null {
  const code = error instanceof ApiError || error instanceof RegistryError ? error.code : null;
  if (code !== 'WORKFLOW_INVALID' && code !== 'WORKFLOW_NOT_FOUND') throw error;
  log.error({ err: error }, 'an event came for a workflow that has errors');
  return null;
}
