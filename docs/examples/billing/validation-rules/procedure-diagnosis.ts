import type { Procedure } from '@aidbox-billing/built-in-activities/fhir/_types';

export const description = 'A procedure says why it was needed, so that its claim line can point to a diagnosis.';

export async function main({ subject }: { subject: Procedure }): Promise<{ passed: boolean; message?: string }> {
  const reasons = [...(subject.reasonReference ?? []), ...(subject.reasonCode ?? [])];
  return { passed: reasons.length > 0, message: subject.code?.text ?? `Procedure/${subject.id}` };
}
