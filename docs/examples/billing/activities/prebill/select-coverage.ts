import type { BillingCaseContext } from '@aidbox-billing/built-in-activities/billing-case/fetch-context';
import type { Coverage } from '@aidbox-billing/built-in-activities/fhir/_types';

interface Input {
  context: BillingCaseContext;
  coverageId?: string;
}

interface Output {
  coverage: Coverage | null;
  selectionReason: string;
  hasCoverage: boolean;
  noCoverage: boolean;
}

export const description = 'Chooses the coverage to bill: the one asked for, else the first in order that is active.';

export async function main({ context, coverageId }: Input): Promise<Output> {
  const { coverage, selectionReason } = coverageId ? asked(context, coverageId) : preferred(context);
  return { coverage, selectionReason, hasCoverage: coverage !== null, noCoverage: coverage === null };
}

function asked({ coverages }: BillingCaseContext, id: string): Pick<Output, 'coverage' | 'selectionReason'> {
  const coverage = coverages.find((one) => one.id === id) ?? null;
  const selectionReason = coverage ? `coverage ${id} was asked for` : `the case has no coverage ${id}`;
  return { coverage, selectionReason };
}

function preferred({ coverages }: BillingCaseContext): Pick<Output, 'coverage' | 'selectionReason'> {
  const [coverage] = coverages
    .filter((one) => one.status === 'active')
    .sort((a, b) => (a.order ?? Number.POSITIVE_INFINITY) - (b.order ?? Number.POSITIVE_INFINITY));
  if (!coverage) return { coverage: null, selectionReason: 'the case has no active coverage' };
  return { coverage, selectionReason: `active, order ${coverage.order ?? 'not given'}` };
}
