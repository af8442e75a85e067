import type { ChargeItem, ChargeItemDefinition, Money } from '../fhir/_types.ts';
import { applies } from './_applicability.ts';
import { referenceTo } from './_reference.ts';

type Component = NonNullable<NonNullable<ChargeItemDefinition['propertyGroup']>[number]['priceComponent']>[number];

/** Price of one line; absent when the definition names none. */
export interface Price {
  readonly quantity: number;
  readonly unitPrice?: Money;
  readonly net?: Money;
}

/** How a component changes the base price. Taxes and informational ones are not the provider's to claim. */
const SIGN: Readonly<Record<string, number>> = { base: 1, surcharge: 1, discount: -1, deduction: -1 };

/**
 * Unit price: base plus surcharges less discounts and deductions, over the property groups that apply. A component is
 * `amount × factor`, or that part of the base when it has a factor alone. Net is unit price × quantity, or the charge item's
 * own `priceOverride`. Rounded to cents.
 */
export async function priceOf(
  item: ChargeItem,
  definition: ChargeItemDefinition,
  scope: Readonly<Record<string, unknown>>,
): Promise<Price> {
  const quantity = item.quantity?.value ?? 1;
  const components = await applicable(definition, scope);
  const currency = components.find((one) => one.amount?.currency)?.amount?.currency ?? 'USD';
  const foreign = components.find((one) => (one.amount?.currency ?? currency) !== currency)?.amount?.currency;
  if (foreign)
    throw new Error(`${referenceTo(definition)}: found prices in ${currency} and ${foreign}, expected one currency`);
  const unit = components.length > 0 ? round(unitOf(components)) : undefined;
  const net = item.priceOverride?.value ?? (unit === undefined ? undefined : round(unit * quantity));
  return {
    quantity,
    ...(unit !== undefined && { unitPrice: { value: unit, currency } }),
    ...(net !== undefined && { net: { value: net, currency: item.priceOverride?.currency ?? currency } }),
  };
}

/** Sum of the lines that have a price. Throws for lines in several currencies. */
export function totalOf(prices: readonly Price[]): Money {
  const nets = prices.flatMap((one) => one.net ?? []);
  const [currency = 'USD', ...others] = new Set(nets.map((one) => one.currency));
  if (others.length > 0)
    throw new Error(`claim total: found ${[currency, ...others].join(', ')}, expected one currency`);
  return { value: round(nets.reduce((sum, one) => sum + (one.value ?? 0), 0)), currency };
}

async function applicable(
  definition: ChargeItemDefinition,
  scope: Readonly<Record<string, unknown>>,
): Promise<Component[]> {
  const components: Component[] = [];
  for (const [at, group] of (definition.propertyGroup ?? []).entries()) {
    const where = `${referenceTo(definition)} propertyGroup[${at}]`;
    if (await applies(where, group.applicability, scope)) components.push(...(group.priceComponent ?? []));
  }
  return components.filter((one) => SIGN[one.type ?? 'base'] !== undefined);
}

function unitOf(components: readonly Component[]): number {
  const base = components
    .filter((one) => (one.type ?? 'base') === 'base')
    .reduce((sum, one) => sum + (one.amount?.value ?? 0) * (one.factor ?? 1), 0);
  return components
    .filter((one) => (one.type ?? 'base') !== 'base')
    .reduce(
      (sum, one) => sum + (SIGN[one.type ?? 'base'] ?? 0) * (one.amount?.value ?? base) * (one.factor ?? 1),
      base,
    );
}

function round(value: number): number {
  return Math.round((value + Number.EPSILON) * 100) / 100;
}
