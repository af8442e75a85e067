import type { BillingCaseContext } from '@aidbox-billing/built-in-activities/billing-case/fetch-context';
import type { Procedure } from '@aidbox-billing/built-in-activities/fhir/_types';

interface Input {
  subject: Procedure;
  context: BillingCaseContext;
}

export const description = 'A procedure begins within the time of its encounter.';

export async function main({ subject, context }: Input): Promise<{ passed: boolean; message?: string }> {
  const at = Date.parse(subject.performedDateTime ?? subject.performedPeriod?.start ?? '');
  const { start, end } = context.encounter.period ?? {};
  // NaN, of a date that is missing, is on no side of anything.
  const passed = at >= Date.parse(start ?? '') && (end === undefined || at <= Date.parse(end));
  return { passed, message: subject.code?.text ?? `Procedure/${subject.id}` };
}
