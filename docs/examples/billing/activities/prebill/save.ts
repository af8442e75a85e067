import type { BillingCase, Bundle, BundleEntry, Claim } from '@aidbox-billing/built-in-activities/fhir/_types';
import { main as send } from '@aidbox-billing/built-in-activities/fhir/transaction';
import { log } from 'cloister';
import { transactionOf } from '../shared/bundle.ts';

interface Input {
  claim: Claim;
  bundles: Bundle[];
  blocked: boolean;
}

interface Output {
  billingCaseId: string;
  claimId: string;
  chargeItemsCount: number;
  /** Of the BillingCase. */
  status: string;
}

export const description = 'Saves charge items, claim, tasks and case in one transaction.';

export async function main({ claim, bundles, blocked }: Input): Promise<Output> {
  const bundle = transactionOf(...bundles.map((one) => one.entry));
  const billingCase = caseOf(bundle.entry);
  // An earlier run may have ended without charges; a case that went further keeps its status.
  if (billingCase.status === 'no-coverage' || billingCase.status === 'no-charges') billingCase.status = 'draft';
  await send({ bundle });
  log.info(blocked ? 'Saved a draft claim that is blocked by errors' : 'Saved a draft claim', { claimId: claim.id });
  return {
    billingCaseId: billingCase.id,
    claimId: `${claim.id}`,
    chargeItemsCount: claim.item?.length ?? 0,
    status: billingCase.status ?? 'draft',
  };
}

function caseOf(entries: readonly BundleEntry[] = []): BillingCase {
  const found = entries.map((entry) => entry.resource).find((one) => one?.resourceType === 'BillingCase');
  if (!found) throw new Error('bundles: found no BillingCase, expected the one that the claim belongs to');
  return found as BillingCase;
}
