import {
  main as buildChargeItems,
  type Input,
  type Output as Planned,
} from '@aidbox-billing/built-in-activities/billing-case/build-charge-items';
import { transactionOf } from '../shared/bundle.ts';
import { removals } from '../shared/stale.ts';

interface Output extends Planned {
  hasChargeItems: boolean;
  noChargeItems: boolean;
}

export const description = `Plans the charge items of the case. The bundle also removes what earlier runs planned and drafted, so
that nothing changes before the save and then everything at once.`;

export async function main(input: Input): Promise<Output> {
  const planned = await buildChargeItems(input);
  const hasChargeItems = planned.chargeItems.length > 0;
  const bundle = transactionOf(await removals(input.context), planned.bundle.entry);
  return { ...planned, bundle, hasChargeItems, noChargeItems: !hasChargeItems };
}
