import type { BillingCaseContext } from '@aidbox-billing/built-in-activities/billing-case/fetch-context';
import { main as send } from '@aidbox-billing/built-in-activities/fhir/transaction';
import { put, transactionOf } from '../shared/bundle.ts';
import { emptied, removals } from '../shared/stale.ts';

interface Input {
  context: BillingCaseContext;
}

export const description = 'Stores the case as one that nobody covers, and removes what earlier runs left.';

export async function main({ context }: Input): Promise<{ billingCaseId: string; status: 'no-coverage' }> {
  await send({ bundle: transactionOf(await removals(context), [put(emptied(context, 'no-coverage'))]) });
  return { billingCaseId: context.billingCase.id, status: 'no-coverage' };
}
