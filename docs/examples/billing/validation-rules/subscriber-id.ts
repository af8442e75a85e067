import type { BillingCaseContext } from '@aidbox-billing/built-in-activities/billing-case/fetch-context';
import type { Claim } from '@aidbox-billing/built-in-activities/fhir/_types';

interface Input {
  subject?: Claim;
  context: BillingCaseContext;
}

export const description = 'The coverage that the claim goes to names its subscriber.';

export async function main({ subject, context }: Input): Promise<{ passed: boolean; message?: string }> {
  const focal = subject?.insurance?.find((one) => one.focal)?.coverage?.reference;
  const coverage = context.coverages.find((one) => `Coverage/${one.id}` === focal);
  return { passed: Boolean(coverage?.subscriberId), message: `${focal ?? 'no coverage'}` };
}
