import { fhir } from 'cloister';
import { readAll } from '../fhir/_pages.ts';
import type {
  BillingCase,
  ChargeItem,
  Claim,
  Condition,
  Coverage,
  Encounter,
  Organization,
  Patient,
  Practitioner,
  Procedure,
  Reference,
  Resource,
} from '../fhir/_types.ts';
import { contained, idOf } from './_reference.ts';

/** All that is known of a BillingCase. Clinical resources are the case's own copies; the last three are read anew. */
export interface BillingCaseContext {
  billingCase: BillingCase;
  patient: Patient;
  /** The primary one. */
  encounter: Encounter;
  procedures: Procedure[];
  practitioners: Practitioner[];
  coverages: Coverage[];
  organizations: Organization[];
  conditions: Condition[];
  claims: Claim[];
  chargeItems: ChargeItem[];
  claimResponses: Resource[];
}

/** Id of a BillingCase. */
export interface Input {
  caseId: string;
}

/** The whole context is the output. */
export type Output = BillingCaseContext;

/** Shown beside an activity that has none of its own. */
export const description = 'Reads a BillingCase with everything that belongs to it.';

/** Throws when the case has no copy of its patient or encounter; `NOT_FOUND` when there is no such case. */
export async function main({ caseId }: Input): Promise<Output> {
  const billingCase = await fhir.read<BillingCase>('BillingCase', caseId);
  const copies = <T extends Resource>(references: readonly Reference[] | undefined) =>
    contained<T>(billingCase, references);
  const [patient] = copies<Patient>(billingCase.patient ? [billingCase.patient] : []);
  const [encounter] = copies<Encounter>(billingCase.encounter);
  if (!patient || !encounter) {
    throw new Error(`BillingCase/${caseId} contained: found no patient or no encounter, expected both`);
  }
  const [claims, chargeItems, claimResponses] = await Promise.all([
    current<Claim>('Claim', billingCase.claim),
    current<ChargeItem>('ChargeItem', billingCase.chargeItem),
    current<Resource>('ClaimResponse', billingCase.claimResponse),
  ]);
  return {
    billingCase,
    patient,
    encounter,
    procedures: copies(billingCase.procedure),
    practitioners: copies(billingCase.practitioner),
    coverages: copies(billingCase.coverage),
    organizations: copies(billingCase.organization),
    conditions: copies(billingCase.condition),
    claims,
    chargeItems,
    claimResponses,
  };
}

function current<T extends Resource>(type: string, references: readonly Reference[] = []): Promise<T[]> {
  return readAll<T>(
    type,
    references.flatMap((one) => idOf(one, type) ?? []),
  );
}
