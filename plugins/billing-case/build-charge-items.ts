import type { Bundle, ChargeItem, ChargeItemDefinition, Coverage, Procedure, Resource } from '../fhir/_types.ts';
import { applies } from './_applicability.ts';
import { isCoveredBy, isEffective, openCatalogue, timeOf } from './_catalogue.ts';
import { referenceTo } from './_reference.ts';
import type { BillingCaseContext } from './fetch-context.ts';

/** A case as `fetch-context` gives it, and the coverage to bill. */
export interface Input {
  context: BillingCaseContext;
  coverage: Coverage;
  /** Take codes of this system only, such as `http://snomed.info/sct`. */
  procedureCodeSystem?: string;
}

/** The plan of what is charged. */
export interface Output {
  /** Status `planned`. */
  chargeItems: ChargeItem[];
  /** Those that a charge item was made from, each once. */
  chargeItemDefinitions: ChargeItemDefinition[];
  /** Transaction of PUTs for the charge items and the case; without entries when nothing matched. Not sent. */
  bundle: Bundle;
}

interface Match {
  readonly procedure: Procedure;
  readonly definition: ChargeItemDefinition;
}

/** Shown beside an activity that has none of its own. */
export const description =
  'Matches the procedures of a BillingCase to ChargeItemDefinitions and plans a ChargeItem for each pair.';

/** Conditions of a definition see `procedure`, `context` and `coverage`. */
export async function main({ context, coverage, procedureCodeSystem }: Input): Promise<Output> {
  const matches = await match(context, coverage, procedureCodeSystem);
  const ids = freeIds(context);
  const chargeItems = matches.map((one) => plan(ids(), one, context));
  const definitions = new Map(matches.map(({ definition }) => [definition.id, definition]));
  return { chargeItems, chargeItemDefinitions: [...definitions.values()], bundle: bundleOf(context, chargeItems) };
}

async function match(context: BillingCaseContext, coverage: Coverage, system: string | undefined): Promise<Match[]> {
  const catalogue = openCatalogue();
  const matches: Match[] = [];
  for (const procedure of context.procedures) {
    const codes = (procedure.code?.coding ?? []).filter((one) => one.code && (!system || one.system === system));
    const at = timeOf(procedure, context.encounter);
    for (const definition of await catalogue.find(codes)) {
      if (!isCoveredBy(definition, coverage) || !isEffective(definition, at)) continue;
      const where = `ChargeItemDefinition/${definition.id}`;
      const scope = { procedure, context, coverage };
      if (await applies(where, definition.applicability, scope)) matches.push({ procedure, definition });
    }
  }
  return matches;
}

/** `<case>-ci-<n>` from 0; what is past planning keeps its id. */
function freeIds({ billingCase, chargeItems }: BillingCaseContext): () => string {
  const taken = new Set(chargeItems.filter(isSettled).map((one) => one.id));
  let next = 0;
  const take = (): string => {
    const id = `${billingCase.id}-ci-${next++}`;
    return taken.has(id) ? take() : id;
  };
  return take;
}

function isSettled(item: ChargeItem): boolean {
  return item.status !== 'planned';
}

function plan(id: string, { procedure, definition }: Match, context: BillingCaseContext): ChargeItem {
  return {
    resourceType: 'ChargeItem',
    id,
    status: 'planned',
    definitionUri: definition.url === undefined ? [referenceTo(definition)] : undefined,
    definitionCanonical: definition.url === undefined ? undefined : [definition.url],
    code: definition.code ?? procedure.code,
    subject: { reference: referenceTo(context.patient) },
    context: { reference: referenceTo(context.encounter) },
    occurrenceDateTime: procedure.performedDateTime,
    occurrencePeriod: procedure.performedPeriod,
    quantity: { value: 1 },
    service: [{ reference: referenceTo(procedure) }],
  };
}

function bundleOf(context: BillingCaseContext, chargeItems: readonly ChargeItem[]): Bundle {
  if (chargeItems.length === 0) return { resourceType: 'Bundle', type: 'transaction', entry: [] };
  const all = [...context.chargeItems.filter(isSettled), ...chargeItems];
  const billingCase = { ...context.billingCase, chargeItem: all.map((one) => ({ reference: referenceTo(one) })) };
  const put = (resource: Resource) => ({ resource, request: { method: 'PUT', url: referenceTo(resource) } as const });
  return { resourceType: 'Bundle', type: 'transaction', entry: [...chargeItems, billingCase].map(put) };
}
