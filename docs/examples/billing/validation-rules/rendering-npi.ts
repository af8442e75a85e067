import type { BillingCaseContext } from '@aidbox-billing/built-in-activities/billing-case/fetch-context';
import type { Encounter } from '@aidbox-billing/built-in-activities/fhir/_types';

interface Input {
  subject?: Encounter;
  context: BillingCaseContext;
}

const NPI = 'http://hl7.org/fhir/sid/us-npi';

export const description =
  'A practitioner of the encounter has a National Provider Identifier with a right check digit.';

export async function main({ subject, context }: Input): Promise<{ passed: boolean; message?: string }> {
  const references = (subject?.participant ?? []).map((one) => one.individual?.reference);
  const found = context.practitioners
    .filter((one) => references.includes(`Practitioner/${one.id}`))
    .flatMap((one) => one.identifier ?? [])
    .filter((one) => one.system === NPI)
    .map((one) => `${one.value}`);
  return { passed: found.some(isNpi), message: found.length > 0 ? `found ${found.join(', ')}` : 'found none' };
}

/** Ten digits; the last is the Luhn digit of the number with 80840 before it. */
function isNpi(text: string): boolean {
  if (!/^\d{10}$/.test(text)) return false;
  const digits = [...`80840${text}`].reverse().map(Number);
  const sum = digits.reduce((total, digit, at) => total + (at % 2 === 0 ? digit : doubled(digit)), 0);
  return sum % 10 === 0;
}

function doubled(digit: number): number {
  return digit > 4 ? digit * 2 - 9 : digit * 2;
}
