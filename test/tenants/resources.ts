/** Generates resources and patches that name another tenant, and says what tenants have at first. */
import fc from 'fast-check';
import { family, id, number, oneOf, reference, VICTIM } from './search.ts';

const meta = oneOf<object | undefined>(
  undefined,
  undefined,
  undefined,
  { tag: [{ system: 'urn:tenant', code: VICTIM }] },
  { security: [{ system: 'urn:tenant', code: VICTIM }] },
  { versionId: '1' },
  {
    extension: [
      { url: 'https://aidbox.app/tenant-organization-id', valueReference: { reference: `Organization/${VICTIM}` } },
    ],
  },
);
/** A resource of this type that refers to what is the victim's, or says that it is the victim's. */
export function resourceOf(of: string): fc.Arbitrary<Record<string, unknown>> {
  return fc.tuple(id, meta, number, reference, family).map(([one, given, value, to, name]) => ({
    resourceType: of,
    id: one,
    ...(given && { meta: given }),
    identifier: [{ system: 'urn:mrn', value }],
    ...contentOf(of, to, name),
  }));
}

function contentOf(of: string, reference: string, name: string): object {
  if (of === 'Patient') return { name: [{ family: name }], managingOrganization: { reference } };
  if (of === 'Encounter') return { status: 'finished', subject: { reference } };
  if (of === 'Coverage') return { status: 'active', beneficiary: { reference }, payor: [{ reference }] };
  if (of === 'Organization') return { name, partOf: { reference } };
  return of === 'BillingCase' ? { patient: { reference } } : { subject: { reference } };
}

/** A JSON Patch. */
export const operations = fc.array(
  fc.oneof(
    reference.map((to) => ({ op: 'add', path: '/managingOrganization', value: { reference: to } })),
    oneOf(
      { op: 'add', path: '/active', value: true },
      { op: 'test', path: '/id', value: 'foreign' },
      { op: 'test', path: '/name/0/family', value: 'Foreign' },
      { op: 'replace', path: '/id', value: 'foreign' },
      { op: 'add', path: '/meta/tag', value: [{ code: VICTIM }] },
      { op: 'copy', from: '/name', path: '/contact' },
      { op: 'remove', path: '/name' },
      { op: 'replace', path: '', value: { resourceType: 'Patient', id: 'foreign' } },
    ),
  ),
  { minLength: 1, maxLength: 3 },
);

/** What a tenant has at first: of each type a resource of its own name and one of the name that all have. */
export function seedOf(own: 'own' | 'foreign', note: string): object {
  const resources = [own, 'same'].flatMap((one) => {
    const name = `${one[0]?.toUpperCase()}${one.slice(1)}`;
    const about = { identifier: [{ system: 'urn:mrn', value: `${one}-1` }], text: { status: 'generated', div: note } };
    return [
      { resourceType: 'Organization', id: one, name, ...about },
      {
        resourceType: 'Patient',
        id: one,
        name: [{ family: name }],
        gender: 'female',
        birthDate: '1980-01-01',
        active: true,
        managingOrganization: { reference: `Organization/${one}` },
        ...about,
      },
      { resourceType: 'Encounter', id: one, status: 'finished', subject: { reference: `Patient/${one}` }, ...about },
      {
        resourceType: 'Coverage',
        id: one,
        status: 'active',
        beneficiary: { reference: `Patient/${one}` },
        payor: [{ reference: `Organization/${one}` }],
        ...about,
      },
      { resourceType: 'Basic', id: one, subject: { reference: `Patient/${one}` }, ...about },
      { resourceType: 'BillingCase', id: one, status: 'open', patient: { reference: `Patient/${one}` }, ...about },
    ];
  });
  const entry = resources.map((each) => ({
    resource: each,
    request: { method: 'PUT', url: `${each.resourceType}/${each.id}` },
  }));
  return { resourceType: 'Bundle', type: 'transaction', entry };
}
