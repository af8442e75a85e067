import type {
  Bundle,
  ChargeItem,
  ChargeItemDefinition,
  Claim,
  ClaimItem,
  Coverage,
  Identifier,
  Procedure,
  Resource,
} from '../fhir/_types.ts';
import { type Diagnoses, diagnosesOf } from './_diagnosis.ts';
import { digest } from './_digest.ts';
import { type Price, priceOf, totalOf } from './_price.ts';
import { type Containment, contain, referenceTo } from './_reference.ts';
import type { BillingCaseContext } from './fetch-context.ts';

/** A case with its planned charge items and the definitions that they were made from. */
export interface Input {
  context: BillingCaseContext;
  coverage: Coverage;
  chargeItems: ChargeItem[];
  chargeItemDefinitions: ChargeItemDefinition[];
  /** Default `original`. The others need `replacesClaimId`. */
  submissionType?: 'original' | 'replacement' | 'void';
  replacesClaimId?: string;
}

/** The draft, and all that it changes. */
export interface Output {
  /** The context given, with `chargeItems`, and `claims` ending in the new claim. */
  context: BillingCaseContext;
  /** Status `draft`, one line per charge item. */
  claim: Claim;
  /** Transaction of PUTs for the claim and the case. Not sent. */
  bundle: Bundle;
}

interface Line {
  readonly item: ChargeItem;
  readonly price: Price;
  readonly procedures: readonly Procedure[];
}

/** Shown beside an activity that has none of its own. */
export const description = 'Prices the charge items of a BillingCase and merges them into one draft Claim.';

/** System of the patient control number in `Claim.identifier`. */
export const PCN = 'http://aidbox.billing.com/CodeSystem/patient-control-number';

/** Extension of a claim line: the ChargeItem that it charges. */
const CHARGE_ITEM = 'http://aidbox.billing.com/StructureDefinition/charge-item';

/** Throws for an unknown submission type, and for a charge item whose definition is not among those given. */
export async function main(input: Input): Promise<Output> {
  const { context, coverage, chargeItems } = input;
  const lines = await priceLines(input);
  const copies = contain([
    context.patient,
    context.encounter,
    ...context.practitioners,
    ...context.organizations,
    ...context.coverages,
    coverage,
  ]);
  const earlier = context.claims.filter((one) => one.status !== 'draft');
  const id = claimId(context, earlier);
  const claim: Claim = {
    resourceType: 'Claim',
    id,
    identifier: await identifiers(id, context),
    status: 'draft',
    type: coded('http://terminology.hl7.org/CodeSystem/claim-type', 'professional'),
    ...submission(input),
    ...parties(context, coverage, copies),
    created: new Date().toISOString(),
    billablePeriod: context.encounter.period,
    priority: coded('http://terminology.hl7.org/CodeSystem/processpriority', 'normal'),
    ...body(lines, context, copies),
    total: totalOf(lines.map((one) => one.price)),
    contained: copies.contained,
  };
  const billingCase = {
    ...context.billingCase,
    chargeItem: [...context.chargeItems.filter((one) => one.status !== 'planned'), ...chargeItems].map(external),
    claim: [...earlier, claim].map(external),
  };
  const entry = [claim, billingCase].map((resource) => ({
    resource,
    request: { method: 'PUT', url: referenceTo(resource) } as const,
  }));
  return {
    context: { ...context, billingCase, chargeItems, claims: [...earlier, claim] },
    claim,
    bundle: { resourceType: 'Bundle', type: 'transaction', entry },
  };
}

async function priceLines({ context, coverage, chargeItems, chargeItemDefinitions }: Input): Promise<Line[]> {
  const lines: Line[] = [];
  for (const item of chargeItems) {
    const names = [...(item.definitionCanonical ?? []), ...(item.definitionUri ?? [])];
    const definition = chargeItemDefinitions.find((one) => names.includes(one.url ?? referenceTo(one)));
    if (!definition) throw new Error(`${referenceTo(item)}: found definition ${names}, expected one of those given`);
    const services = (item.service ?? []).map((one) => one.reference);
    const procedures = context.procedures.filter((one) => services.includes(referenceTo(one)));
    const scope = { procedure: procedures[0], context, coverage };
    lines.push({ item, price: await priceOf(item, definition, scope), procedures });
  }
  return lines;
}

/** `<case>-claim-<n>`: a draft is replaced under its id, a claim that left the draft keeps it. */
function claimId({ billingCase }: BillingCaseContext, earlier: readonly Claim[]): string {
  const taken = new Set(earlier.map((one) => one.id));
  let n = 0;
  while (taken.has(`${billingCase.id}-claim-${n}`)) n++;
  return `${billingCase.id}-claim-${n}`;
}

/** The number by which payers answer is kept when the draft was there before, and the same in every attempt. */
async function identifiers(id: string, context: BillingCaseContext): Promise<Identifier[]> {
  const before = context.claims.find((one) => one.id === id)?.identifier ?? [];
  if (before.some((one) => one.system === PCN)) return before;
  return [...before, { system: PCN, value: `PCN-${await digest(id, 8)}` }];
}

/** `use` and `related` as RCMbox has them; FHIR R4 knows neither `related.type` nor these codes in this place. */
function submission({ submissionType = 'original', replacesClaimId }: Input): Pick<Claim, 'use' | 'related'> {
  if (submissionType === 'original') return { use: 'claim' };
  if (submissionType !== 'replacement' && submissionType !== 'void') {
    throw new Error(`submissionType: found ${JSON.stringify(submissionType)}, expected original, replacement or void`);
  }
  if (!replacesClaimId)
    throw new Error(`replacesClaimId: found none, expected the claim that the ${submissionType} is for`);
  const related = { claim: { reference: `Claim/${replacesClaimId}` }, type: { code: 'prior' } };
  if (submissionType === 'replacement') return { use: 'preauthorization', related: [related] };
  return { use: 'preauthorization', related: [{ ...related, relationship: { code: 'deceased' } }] };
}

function parties(context: BillingCaseContext, coverage: Coverage, { refer }: Containment): Partial<Claim> {
  const { serviceProvider } = context.encounter;
  const [practitioner] = context.practitioners;
  const provider = serviceProvider ?? practitioner;
  const payor = coverage.payor?.[0];
  return {
    patient: refer(context.patient),
    ...(payor?.reference && { insurer: refer(payor) }),
    ...(provider && { provider: refer(provider) }),
    ...(context.practitioners.length > 0 && {
      careTeam: context.practitioners.map((one, at) => ({ sequence: at + 1, provider: refer(one) })),
    }),
    insurance: [{ sequence: 1, focal: true, coverage: refer(coverage) }],
  };
}

function body(lines: readonly Line[], context: BillingCaseContext, copies: Containment): Partial<Claim> {
  const procedures = [...new Set(lines.flatMap((one) => one.procedures))];
  const diagnoses = diagnosesOf(procedures, context.conditions);
  return {
    ...(diagnoses.list.length > 0 && { diagnosis: diagnoses.list }),
    ...(procedures.length > 0 && {
      procedure: procedures.map((one, at) => ({ sequence: at + 1, procedureReference: external(one) })),
    }),
    item: lines.map((line, at) => itemOf(at + 1, line, { context, copies, procedures, diagnoses })),
  };
}

interface Tables {
  readonly context: BillingCaseContext;
  readonly copies: Containment;
  readonly procedures: readonly Procedure[];
  readonly diagnoses: Diagnoses;
}

function itemOf(sequence: number, { item, price, procedures }: Line, tables: Tables): ClaimItem {
  const diagnosisSequence = [...new Set(procedures.flatMap((one) => tables.diagnoses.sequencesOf(one)))];
  return {
    sequence,
    extension: [{ url: CHARGE_ITEM, valueReference: external(item) }],
    ...(tables.context.practitioners.length > 0 && { careTeamSequence: [1] }),
    ...(diagnosisSequence.length > 0 && { diagnosisSequence }),
    ...(procedures.length > 0 && { procedureSequence: procedures.map((one) => tables.procedures.indexOf(one) + 1) }),
    productOrService: item.code,
    servicedDate: item.occurrenceDateTime?.slice(0, 10),
    servicedPeriod: item.occurrencePeriod,
    quantity: { value: price.quantity },
    unitPrice: price.unitPrice,
    net: price.net,
    encounter: [tables.copies.refer(tables.context.encounter)],
  };
}

function external(resource: Resource): { reference: string } {
  return { reference: referenceTo(resource) };
}

function coded(system: string, code: string): { coding: { system: string; code: string }[] } {
  return { coding: [{ system, code }] };
}
