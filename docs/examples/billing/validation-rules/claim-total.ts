import type { Claim } from '@aidbox-billing/built-in-activities/fhir/_types';

export const description = 'Every line of the claim has a price above zero, and the total is their sum.';

export async function main({ subject }: { subject?: Claim }): Promise<{ passed: boolean; message?: string }> {
  const nets = (subject?.item ?? []).map((one) => one.net?.value ?? 0);
  const free = nets.filter((value) => value <= 0).length;
  if (nets.length === 0 || free > 0)
    return { passed: false, message: `${free} of ${nets.length} lines without a price` };
  const sum = nets.reduce((total, value) => total + Math.round(value * 100), 0);
  const total = Math.round((subject?.total?.value ?? 0) * 100);
  return { passed: sum === total, message: `the lines add up to ${sum / 100}, the total says ${total / 100}` };
}
