/** Shape of Synthea's bundles, and what the billing example needs from them. */

/** One FHIR resource; fields are checked where they are read. */
export interface Resource {
  readonly resourceType: string;
  readonly id: string;
  readonly [field: string]: unknown;
}

/** Entry of a transaction. */
export interface Entry {
  readonly resource: Resource;
  readonly request: { readonly method: 'PUT'; readonly url: string };
}

interface Coverage extends Resource {
  readonly beneficiary?: { readonly reference?: string };
  readonly payor?: readonly { readonly display?: string }[];
}

interface Coded {
  readonly coding?: readonly { readonly system?: string; readonly code?: string }[];
}

interface Definition extends Resource {
  readonly useContext?: readonly { readonly valueCodeableConcept?: Coded }[];
}

interface Procedure extends Resource {
  readonly code?: Coded;
  readonly encounter?: { readonly reference?: string };
}

interface Encounter extends Resource {
  readonly status?: string;
  readonly period?: { readonly start?: string };
}

const URN = /urn:uuid:[0-9a-f-]{36}/g;

/** Resources of a bundle's text, with `urn:uuid:` references turned into `Type/id`. Throws, naming `file`. */
export function parseEntries(file: string, text: string): Resource[] {
  const targets = new Map(
    entriesOf(file, text).map(({ fullUrl, resource }) => [fullUrl, `${resource.resourceType}/${resource.id}`]),
  );
  const resolved = text.replaceAll(URN, (urn) => targets.get(urn) ?? urn);
  return entriesOf(file, resolved).map(({ resource }) => resource);
}

function entriesOf(file: string, text: string): { readonly fullUrl?: string; readonly resource: Resource }[] {
  const bundle: { entry?: unknown } = JSON.parse(text);
  if (!Array.isArray(bundle.entry)) throw new Error(`${file}: found no "entry", expected a FHIR bundle`);
  for (const [at, one] of bundle.entry.entries()) {
    if (typeof one?.resource?.resourceType === 'string' && typeof one.resource.id === 'string') continue;
    throw new Error(`${file} entry[${at}]: found no resource with an id, expected one`);
  }
  return bundle.entry;
}

/** Stores a resource under its own id, so that a second time changes nothing. */
export function put(resource: Resource): Entry {
  return { resource, request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` } };
}

/**
 * The Coverages that Synthea holds inside its ExplanationOfBenefits, one per payor and in the order met, as resources of
 * their own; and an Organization for each payor, which the data only names.
 */
export function liftCoverages(
  record: readonly Resource[],
  tenant: string,
): { coverages: Resource[]; payors: Resource[] } {
  const inside = record
    .filter((one) => one.resourceType === 'ExplanationOfBenefit')
    .flatMap((one) => (Array.isArray(one.contained) ? (one.contained as Resource[]) : []))
    .filter((one): one is Coverage => one.resourceType === 'Coverage');
  const byPayor = new Map(inside.map((one) => [one.payor?.[0]?.display ?? 'unknown', one]));
  const lifted = [...byPayor].map(([display, one], at) => lift(one, display, at + 1, tenant));
  return { coverages: lifted.map(({ coverage }) => coverage), payors: lifted.map(({ payor }) => payor) };
}

function lift(
  inside: Coverage,
  display: string,
  order: number,
  tenant: string,
): { coverage: Resource; payor: Resource } {
  const slug = display.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
  const payor = { resourceType: 'Organization', id: `${tenant}-payor-${slug}`, active: true, name: display };
  const patient = inside.beneficiary?.reference?.split('/')[1] ?? 'unknown';
  const coverage = {
    ...inside,
    id: `coverage-${order}-${patient}`,
    status: 'active',
    order,
    payor: [{ reference: `Organization/${payor.id}`, display }],
  };
  return { coverage, payor };
}

/** Id of the finished encounter with the most definitions for its procedures; the latest of several. */
export function encounterToBill(record: readonly Resource[], definitions: readonly Definition[]): string {
  const count = (one: Procedure): number => definitions.filter((definition) => prices(definition, one)).length;
  const score = (encounter: Encounter): number =>
    record
      .filter((one): one is Procedure => one.resourceType === 'Procedure')
      .filter((one) => one.encounter?.reference === `Encounter/${encounter.id}`)
      .reduce((sum, one) => sum + count(one), 0);
  const [best] = record
    .filter((one): one is Encounter => one.resourceType === 'Encounter' && one.status === 'finished')
    .map((encounter) => ({ id: encounter.id, score: score(encounter), start: encounter.period?.start ?? '' }))
    .filter((one) => one.score > 0)
    .sort((a, b) => b.score - a.score || b.start.localeCompare(a.start));
  if (!best) throw new Error('patient.json: found no finished encounter with a priced procedure, expected one');
  return best.id;
}

function prices(definition: Definition, procedure: Procedure): boolean {
  const codes = keys(procedure.code);
  return (definition.useContext ?? []).some((one) => keys(one.valueCodeableConcept).some((key) => codes.includes(key)));
}

function keys(concept: Coded | undefined): string[] {
  return (concept?.coding ?? []).map(({ system, code }) => `${system}|${code}`);
}

/** `Antonio Castellanos`. */
export function nameOf(patient: Resource): string {
  const [name] = (patient.name ?? []) as { given?: string[]; family?: string }[];
  return [...(name?.given ?? []), name?.family ?? ''].join(' ').trim() || patient.id;
}
