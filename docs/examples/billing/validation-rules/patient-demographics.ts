import type { Patient } from '@aidbox-billing/built-in-activities/fhir/_types';

export const description = 'A payer identifies the patient by family name, birth date and postal address.';

export async function main({ subject }: { subject?: Patient }): Promise<{ passed: boolean; message?: string }> {
  const missing = [
    subject?.name?.some((one) => one.family) ? [] : 'family name',
    subject?.birthDate ? [] : 'birth date',
    subject?.address?.some((one) => one.line?.length && one.postalCode) ? [] : 'address',
  ].flat();
  return { passed: missing.length === 0, message: `no ${missing.join(', no ')}` };
}
