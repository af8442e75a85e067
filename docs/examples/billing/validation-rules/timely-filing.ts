import type { BillingCaseContext } from '@aidbox-billing/built-in-activities/billing-case/fetch-context';

interface Input {
  context: BillingCaseContext;
  params?: { timelyFilingDays?: number };
}

const DAY_MS = 24 * 60 * 60 * 1000;

export const description =
  'The encounter ended no longer ago than `timelyFilingDays` of the rule parameters, 365 if not given.';

export async function main({ context, params }: Input): Promise<{ passed: boolean; message?: string }> {
  const days = params?.timelyFilingDays ?? 365;
  const end = context.encounter.period?.end ?? context.encounter.period?.start ?? '';
  return {
    passed: Date.now() - Date.parse(end) <= days * DAY_MS,
    message: `ended ${end.slice(0, 10)}, limit ${days} days`,
  };
}
