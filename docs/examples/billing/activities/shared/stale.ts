import type { BillingCaseContext } from '@aidbox-billing/built-in-activities/billing-case/fetch-context';
import type { BillingCase, BillingTask, BundleEntry, Resource } from '@aidbox-billing/built-in-activities/fhir/_types';
import { fhir } from 'cloister';
import { remove } from './bundle.ts';

/** Entries that remove what earlier runs left of a case: planned charge items, draft claims and pending tasks. */
export async function removals(context: BillingCaseContext): Promise<BundleEntry[]> {
  const planned = context.chargeItems.filter((one) => one.status === 'planned');
  const drafts = context.claims.filter((one) => one.status === 'draft');
  return [...planned, ...drafts, ...(await pendingTasks(context.billingCase.id))].map(remove);
}

/** The case without its planned charge items and draft claims, in a status that says why there is nothing to bill. */
export function emptied(context: BillingCaseContext, status: 'no-coverage' | 'no-charges'): BillingCase {
  const { chargeItem: _chargeItem, claim: _claim, ...rest } = context.billingCase;
  const chargeItem = references(context.chargeItems.filter((one) => one.status !== 'planned'));
  const claim = references(context.claims.filter((one) => one.status !== 'draft'));
  return {
    ...(rest as BillingCase),
    status,
    ...(chargeItem.length > 0 && { chargeItem }),
    ...(claim.length > 0 && { claim }),
  };
}

async function pendingTasks(caseId: string): Promise<BillingTask[]> {
  const billingCase = `BillingCase/${caseId}`;
  const bundle = await fhir.search<BillingTask>('BillingTask', { 'billing-case': billingCase, _count: 500 });
  return (bundle.entry ?? [])
    .flatMap((entry) => entry.resource ?? [])
    .filter((task) => task.billingCase?.reference === billingCase)
    .filter((task) => task.category === 'pre-bill' && task.status === 'pending');
}

function references(resources: readonly Resource[]): { reference: string }[] {
  return resources.map((one) => ({ reference: `${one.resourceType}/${one.id}` }));
}
