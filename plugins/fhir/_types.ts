/** The parts of FHIR R4, and of the billing resources beside it, that the built-ins name. All else is `unknown`. */
import type { Resource } from 'cloister';

export type { Bundle, BundleEntry, Params, Resource } from 'cloister';

export interface Coding {
  system?: string;
  code?: string;
  display?: string;
}

export interface CodeableConcept {
  coding?: Coding[];
  text?: string;
}

export interface Identifier {
  system?: string;
  value?: string;
  type?: CodeableConcept;
  use?: string;
}

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

export interface Money {
  value?: number;
  currency?: string;
}

export interface Quantity {
  value?: number;
  unit?: string;
}

export interface Patient extends Resource {
  resourceType: 'Patient';
  identifier?: Identifier[];
  name?: { use?: string; family?: string; given?: string[]; text?: string }[];
  gender?: string;
  birthDate?: string;
  address?: { line?: string[]; city?: string; state?: string; postalCode?: string; country?: string }[];
  telecom?: { system?: string; value?: string; use?: string }[];
}

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

export interface Practitioner extends Resource {
  resourceType: 'Practitioner';
  identifier?: Identifier[];
  name?: { family?: string; given?: string[]; prefix?: string[] }[];
}

export interface Organization extends Resource {
  resourceType: 'Organization';
  identifier?: Identifier[];
  name?: string;
}

export interface Condition extends Resource {
  resourceType: 'Condition';
  code?: CodeableConcept;
}

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
