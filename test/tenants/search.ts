/** Generates searches that are after another tenant: types, ids and every kind of parameter. */
import fc from 'fast-check';

/** The tenant whose data nobody else may meet. */
export const VICTIM = 'tenant-b';

/** A parameter of a search. */
export type Pair = readonly [name: string, value: string];

/** One of these, each as likely. */
export const oneOf = <T>(...values: readonly T[]) => fc.constantFrom(...values);
/** Now and then a rare one. */
export const mostly = <T>(usual: fc.Arbitrary<T>, rare: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 12, arbitrary: usual }, { weight: 1, arbitrary: rare });

/** Of each type the victim has `foreign` and `same`, each attacker `own` and `same`. */
export const id = oneOf('foreign', 'foreign', 'foreign', 'same', 'own', 'missing');
/** What is no id. */
export const oddId = oneOf(
  '',
  '.',
  '..',
  '../foreign',
  `..%2f..%2f${VICTIM}`,
  `${VICTIM}/fhir/Patient/foreign`,
  'x'.repeat(65),
  'a b',
  '*',
);
/** Types that tenants have resources of. */
export const type = oneOf('Patient', 'Patient', 'Encounter', 'Coverage', 'Organization', 'Basic', 'BillingCase');
/** What is no such type. */
export const oddType = oneOf(
  'Subscription',
  'AuditEvent',
  'Client',
  'Bundle',
  'Nope',
  '$graphql',
  `../${VICTIM}`,
  'Patient/foreign',
);
/** Names, of the victim too. */
export const family = oneOf('Foreign', 'Own', 'Same', 'For', 'x');
/** Identifiers, of the victim too. */
export const number = oneOf('foreign-1', 'own-1', 'same-1', 'missing-1');
const identifier = fc
  .tuple(oneOf('urn:mrn|', '', '|', 'urn:other|', 'urn:mrn'), number)
  .map(([system, value]) => (system === 'urn:mrn' ? 'urn:mrn|' : `${system}${value}`));
/** References, literal and not. */
export const reference = fc.oneof(
  fc.tuple(type, id).map(([of, one]) => `${of}/${one}`),
  id,
  oneOf(
    `Organization/${VICTIM}`,
    'Patient?identifier=urn:mrn|foreign-1',
    `http://127.0.0.1/Organization/${VICTIM}/fhir/Patient/foreign`,
    `../../${VICTIM}/fhir/Patient/foreign`,
    'urn:uuid:11111111-1111-4111-8111-111111111111',
  ),
);
const time = oneOf('2020', 'gt2020-01-01', 'lt2020-01-01', 'ge1999', 'ne2020', 'sa2000-01-01', 'x');

const pairOf = (name: string, value: fc.Arbitrary<string>): fc.Arbitrary<Pair> =>
  value.map((given) => [name, given] as const);
const ids = fc.array(id, { minLength: 1, maxLength: 4 }).map((list) => list.join(','));

const references = (...names: string[]) => names.map((name) => pairOf(name, reference));
const identifiers = (...names: string[]) => names.map((name) => pairOf(name, identifier));

/** Parameters of one type of resource. */
const OWN_PARAMETERS: Readonly<Record<string, readonly fc.Arbitrary<Pair>[]>> = {
  Patient: [
    ...['name', 'name:contains', 'name:exact', 'family'].map((name) => pairOf(name, family)),
    pairOf('name:missing', oneOf('true', 'false')),
    pairOf('active', oneOf('true', 'false')),
    pairOf('gender', oneOf('male', 'female', 'other,unknown')),
    pairOf('gender:not', oneOf('male', 'female')),
    pairOf('birthdate', time),
    ...references('organization', 'general-practitioner'),
  ],
  Encounter: [
    pairOf('status', oneOf('finished', 'planned')),
    pairOf('date', time),
    ...references('subject', 'patient', 'subject:Patient', 'service-provider'),
    ...identifiers('subject:identifier'),
  ],
  Coverage: [
    pairOf('status', oneOf('active', 'draft')),
    ...references('beneficiary', 'patient', 'payor', 'payor:Organization'),
    ...identifiers('payor:identifier'),
  ],
  Organization: [pairOf('name', family), pairOf('active', oneOf('true', 'false')), ...references('partof')],
  Basic: [...references('subject', 'patient', 'author'), ...identifiers('patient:identifier')],
  BillingCase: [pairOf('status', oneOf('open', 'closed')), ...references('patient', 'encounter')],
};
const COMMON_PARAMETERS: readonly fc.Arbitrary<Pair>[] = [
  pairOf('_id', ids),
  pairOf('_id', ids),
  ...identifiers('identifier', 'identifier', 'identifier:not'),
  pairOf('_lastUpdated', time),
  pairOf('_tag', oneOf(VICTIM, `urn:tenant|${VICTIM}`, 'urn:tenant|')),
  pairOf('_security', oneOf('R', `urn:tenant|${VICTIM}`)),
  pairOf('_profile', oneOf('http://x.test/p', VICTIM)),
  pairOf('_source', oneOf('urn:x')),
  pairOf('_text', family),
  pairOf('_content', family),
  pairOf('_count', oneOf('0', '1', '2', '1000', '1000000', '-1', '1e9')),
  pairOf('_offset', oneOf('0', '1', '100', '-1')),
  pairOf('_page', oneOf('1', '2')),
  // By nothing that differs by chance between two servers, as ids and times do.
  pairOf('_sort', oneOf('identifier', '-identifier', '-name,identifier', 'nope')),
  pairOf('_total', oneOf('accurate', 'estimate', 'none')),
  pairOf('_summary', oneOf('count', 'true', 'false', 'data', 'text')),
  pairOf('_elements', oneOf('id', 'name', 'identifier,name')),
];
/** Also those of other types: what follows may be of any. */
const LINKING_PARAMETERS: readonly fc.Arbitrary<Pair>[] = [
  pairOf(
    '_include',
    oneOf(
      'Encounter:subject',
      'Encounter:patient',
      'Encounter:*',
      '*',
      'Coverage:payor',
      'Coverage:beneficiary:Patient',
    ).chain((one) => oneOf(one, 'Patient:organization', 'BillingCase:patient', 'Organization:partof', 'Basic:subject')),
  ),
  pairOf('_include:iterate', oneOf('Patient:organization', 'Organization:partof', 'Encounter:subject')),
  pairOf(
    '_revinclude',
    oneOf(
      'Encounter:subject',
      'Encounter:patient',
      'Coverage:beneficiary',
      'Coverage:payor',
      'Patient:organization',
      'BillingCase:patient',
      '*',
      'Basic:subject',
    ),
  ),
  pairOf('_revinclude:iterate', oneOf('Encounter:subject', 'Coverage:payor')),
];
/** Every kind of parameter that the capability lets through, most of them of this type. */
function parameterOf(of: string): fc.Arbitrary<Pair> {
  const own = fc.oneof(...(OWN_PARAMETERS[of] ?? COMMON_PARAMETERS));
  const other = fc.oneof(...Object.values(OWN_PARAMETERS).flat());
  return fc.oneof(
    { weight: 8, arbitrary: own },
    { weight: 9, arbitrary: fc.oneof(...COMMON_PARAMETERS) },
    { weight: 4, arbitrary: fc.oneof(...LINKING_PARAMETERS) },
    { weight: 1, arbitrary: other },
  );
}
/** Those that it refuses; a server that knows them must keep to the tenant by itself. */
const refusedParameter: fc.Arbitrary<Pair> = fc.oneof(
  pairOf('_has:Encounter:subject:status', oneOf('finished', 'planned')),
  pairOf('_has:Coverage:beneficiary:_id', id),
  pairOf('_has:Encounter:patient:_has:Basic:subject:_id', id),
  pairOf('subject.name', family),
  pairOf('subject:Patient.identifier', identifier),
  pairOf('patient.organization.name', family),
  pairOf('payor.name', family),
  pairOf('_filter', oneOf(`name eq "Foreign"`, `_id eq foreign`)),
  pairOf('_query', oneOf('everything')),
  pairOf('_list', id),
  pairOf('_type', oneOf('Patient,Encounter')),
  pairOf('_contained', oneOf('true', 'both')),
  pairOf('_format', oneOf('json')),
  pairOf('_account', reference),
  pairOf('_compartment', oneOf('Patient/foreign')),
  pairOf('_cursor', oneOf('1', VICTIM)),
  pairOf('_fields', oneOf('id')),
);
/** Parameters of a search of this type, of which one in thirty is refused. */
export const parameters = (of: string) =>
  fc.array(fc.oneof({ weight: 30, arbitrary: parameterOf(of) }, { weight: 1, arbitrary: refusedParameter }), {
    maxLength: 4,
  });
/** Parameters of which one in three is refused by the capability. */
export const anyParameters = (of: string) =>
  fc.array(fc.oneof({ weight: 2, arbitrary: parameterOf(of) }, { weight: 1, arbitrary: refusedParameter }), {
    maxLength: 3,
  });
/** As `fhir.search` takes them. */
export const toObject = (pairs: readonly Pair[]): Record<string, string[]> => {
  const object: Record<string, string[]> = {};
  for (const [name, value] of pairs) object[name] = [...(object[name] ?? []), value];
  return object;
};
/** As a URL has them. */
export const toText = (pairs: readonly Pair[]): string =>
  new URLSearchParams(pairs.map(([name, value]) => [name, value])).toString();
