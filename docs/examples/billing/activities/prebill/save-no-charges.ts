import type { BillingCaseContext } from '@aidbox-billing/built-in-activities/billing-case/fetch-context';
import type { Bundle } from '@aidbox-billing/built-in-activities/fhir/_types';
import { main as send } from '@aidbox-billing/built-in-activities/fhir/transaction';
import { put, transactionOf } from '../shared/bundle.ts';
import { emptied } from '../shared/stale.ts';

interface Input {
  context: BillingCaseContext;
  bundle: Bundle;
}

export const description = 'Stores the case as one whose procedures have no price, and removes what earlier runs left.';

export async function main({ context, bundle }: Input): Promise<{ billingCaseId: string; status: 'no-charges' }> {
  await send({ bundle: transactionOf(bundle.entry, [put(emptied(context, 'no-charges'))]) });
  return { billingCaseId: context.billingCase.id, status: 'no-charges' };
}
