/** The parts of FHIR R4, and of the billing resources beside it, that the built-ins name. All else is `unknown`. */
import type { Resource } from 'cloister';

export type { Bundle, BundleEntry, Params, Resource } from 'cloister';

/** One code; equal when system and code are. */
export interface Coding {
  system?: string;
  code?: string;
  display?: string;
}

/** One meaning in several code systems. */
export interface CodeableConcept {
  coding?: Coding[];
  text?: string;
}

/** A name given by someone, unique within its system. */
export interface Identifier {
  system?: string;
  value?: string;
  type?: CodeableConcept;
  use?: string;
}

/** A field that FHIR has not; `url` says which. */
export interface Extension {
  url: string;
  valueReference?: Reference;
  valueCode?: string;
  valueString?: string;
}

/** `reference` is `Type/id`; in a billing resource an extension points to the contained copy as well. */
export interface Reference {
  reference?: string;
  display?: string;
  type?: string;
  identifier?: Identifier;
  extension?: Extension[];
}

/** ISO 8601, each bound of any precision and inclusive. */
export interface Period {
  start?: string;
  end?: string;
}

/** In units of the currency, not cents. */
export interface Money {
  value?: number;
  currency?: string;
}

/** A number of something; charge items and claim lines count with it. */
export interface Quantity {
  value?: number;
  unit?: string;
}

/** Who was treated. */
export interface Patient extends Resource {
  resourceType: 'Patient';
  identifier?: Identifier[];
  name?: { use?: string; family?: string; given?: string[]; text?: string }[];
  gender?: string;
  birthDate?: string;
  address?: { line?: string[]; city?: string; state?: string; postalCode?: string; country?: string }[];
  telecom?: { system?: string; value?: string; use?: string }[];
}

/** One visit. `class.code` is `AMB`, `EMER`, `IMP` and the like. */
export interface Encounter extends Resource {
  resourceType: 'Encounter';
  status?: string;
  class?: Coding;
  type?: CodeableConcept[];
  subject?: Reference;
  participant?: { type?: CodeableConcept[]; individual?: Reference }[];
  period?: Period;
  serviceProvider?: Reference;
}

/** One thing done in an encounter, and why. */
export interface Procedure extends Resource {
  resourceType: 'Procedure';
  status?: string;
  code?: CodeableConcept;
  subject?: Reference;
  encounter?: Reference;
  performedDateTime?: string;
  performedPeriod?: Period;
  performer?: { actor?: Reference }[];
  reasonCode?: CodeableConcept[];
  reasonReference?: Reference[];
}

/** Who treats; the NPI is among the identifiers. */
export interface Practitioner extends Resource {
  resourceType: 'Practitioner';
  identifier?: Identifier[];
  name?: { family?: string; given?: string[]; prefix?: string[] }[];
}

/** A hospital, or a payor. */
export interface Organization extends Resource {
  resourceType: 'Organization';
  identifier?: Identifier[];
  name?: string;
}

/** A diagnosis. */
export interface Condition extends Resource {
  resourceType: 'Condition';
  code?: CodeableConcept;
}

/** Who pays; `order` 1 first. */
export interface Coverage extends Resource {
  resourceType: 'Coverage';
  status?: string;
  order?: number;
  type?: CodeableConcept;
  subscriberId?: string;
  beneficiary?: Reference;
  payor?: Reference[];
  period?: Period;
}

/** JavaScript when `language` is absent. */
export interface Applicability {
  description?: string;
  language?: string;
  expression?: string;
}

/** One entry of the price list: for which procedure and payor, when, and at what price. */
export interface ChargeItemDefinition extends Resource {
  resourceType: 'ChargeItemDefinition';
  url?: string;
  title?: string;
  status?: string;
  code?: CodeableConcept;
  effectivePeriod?: Period;
  useContext?: { code?: Coding; valueCodeableConcept?: CodeableConcept; valueReference?: Reference }[];
  applicability?: Applicability[];
  propertyGroup?: {
    applicability?: Applicability[];
    priceComponent?: { type?: string; code?: CodeableConcept; factor?: number; amount?: Money }[];
  }[];
}

/** One thing charged: `planned` until its claim is sent. */
export interface ChargeItem extends Resource {
  resourceType: 'ChargeItem';
  status?: string;
  code?: CodeableConcept;
  subject?: Reference;
  context?: Reference;
  service?: Reference[];
  occurrenceDateTime?: string;
  occurrencePeriod?: Period;
  quantity?: Quantity;
  priceOverride?: Money;
  definitionUri?: string[];
  definitionCanonical?: string[];
}

/** One line of a claim. Sequences point into the lists of the claim. */
export interface ClaimItem {
  sequence: number;
  productOrService?: CodeableConcept;
  diagnosisSequence?: number[];
  procedureSequence?: number[];
  careTeamSequence?: number[];
  encounter?: Reference[];
  servicedDate?: string;
  servicedPeriod?: Period;
  quantity?: Quantity;
  unitPrice?: Money;
  net?: Money;
  extension?: Extension[];
}

/** What a payor is asked for. */
export interface Claim extends Resource {
  resourceType: 'Claim';
  status?: string;
  use?: string;
  identifier?: Identifier[];
  contained?: Resource[];
  patient?: Reference;
  created?: string;
  insurer?: Reference;
  provider?: Reference;
  related?: { claim?: Reference; type?: Coding; relationship?: Coding }[];
  diagnosis?: { sequence: number; diagnosisCodeableConcept?: CodeableConcept }[];
  procedure?: { sequence: number; procedureReference?: Reference }[];
  insurance?: { sequence: number; focal: boolean; coverage?: Reference }[];
  item?: ClaimItem[];
  total?: Money;
}

/** What is billed for an encounter, with the clinical resources as they were when it was made. */
export interface BillingCase extends Resource {
  resourceType: 'BillingCase';
  id: string;
  status?: 'draft' | 'submitted' | 'processed' | 'closed' | 'no-coverage' | 'no-charges';
  /** ISO 8601. */
  snapshotDate?: string;
  patient?: Reference;
  encounter?: Reference[];
  coverage?: Reference[];
  procedure?: Reference[];
  practitioner?: Reference[];
  organization?: Reference[];
  condition?: Reference[];
  chargeItem?: Reference[];
  claim?: Reference[];
  claimResponse?: Reference[];
  contained?: Resource[];
}

/** Work for people, or for a later workflow. */
export interface BillingTask extends Resource {
  resourceType: 'BillingTask';
  status?: 'pending' | 'completed';
  billingCase?: Reference;
  claimResponse?: Reference;
  category?: string;
  severity?: 'error' | 'warning' | 'information';
  code?: string;
  description?: string;
  dashboard?: string;
  worklist?: string;
}
