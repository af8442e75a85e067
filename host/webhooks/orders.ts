/** What mappings returned, judged: runs that may be started, and what is rejected because no repetition can mend it. */

import { isWorkflowId } from '../temporal/workflows/names.ts';
import { isTenant } from '../tenants.ts';
import type { Mapped } from './mapping.ts';

/** A run to start for an event. */
export interface Order {
  /** Place of the event in its delivery. */
  readonly event: number;
  /** Of the mapping's own choice; null: one is made. */
  readonly workflowId: string | null;
  readonly tenant: string | null;
  readonly input: Readonly<Record<string, unknown>>;
}

/** An event that starts nothing, now or later. The message holds nothing of another tenant's. */
export interface Rejection {
  readonly event: number;
  readonly code:
    | 'TENANT_INVALID'
    | 'WORKFLOW_ID_INVALID'
    | 'WORKFLOW_ID_TAKEN'
    | 'WORKFLOW_INVALID'
    | 'COMMIT_QUARANTINED';
  readonly message: string;
}

/** What holds for all orders of a trigger. */
export interface OrderRules {
  /** Organization that the trigger is bound to; null: the mapping decides. */
  readonly tenant: string | null;
  readonly unscopedRuns: 'allow' | 'deny';
}

/** Judges the input that a mapping made. */
export function judge(event: number, mapped: NonNullable<Mapped>, rules: OrderRules): Order | Rejection {
  const { _workflowId: workflowId = null, ...input } = mapped;
  if (workflowId !== null && !isWorkflowId(workflowId)) {
    return { event, code: 'WORKFLOW_ID_INVALID', message: '_workflowId: expected a string of 1 to 255 characters' };
  }
  const { tenantOrganizationId = rules.tenant } = input;
  const refusal = refusalOf(tenantOrganizationId, rules);
  if (refusal !== null) return { event, code: 'TENANT_INVALID', message: refusal };
  if (typeof tenantOrganizationId !== 'string') return { event, workflowId, tenant: null, input };
  return { event, workflowId, tenant: tenantOrganizationId, input: { ...input, tenantOrganizationId } };
}

function refusalOf(tenant: unknown, rules: OrderRules): string | null {
  if (tenant === null) {
    return rules.unscopedRuns === 'allow'
      ? null
      : 'tenantOrganizationId: expected one, for runs without are refused here';
  }
  if (typeof tenant !== 'string' || !isTenant(tenant)) {
    return 'tenantOrganizationId: expected 1 to 64 letters, digits, "-" or "."';
  }
  if (rules.tenant === null || tenant === rules.tenant) return null;
  return 'tenantOrganizationId: expected the tenant that the trigger is bound to';
}
