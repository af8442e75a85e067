import { fhir, log } from 'cloister';
import { failedWith, readAll, searchAll } from '../fhir/_pages.ts';
import type {
  BillingCase,
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
import { digest } from './_digest.ts';
import { contain, idOf } from './_reference.ts';

/** Id of an Encounter. */
export interface Input {
  encounterId: string;
}

/** The case of that encounter. */
export interface Output {
  billingCaseId: string;
  /** False when the encounter had a BillingCase already. */
  created: boolean;
}

/** Shown beside an activity that has none of its own. */
export const description =
  'Finds the BillingCase of an encounter, or creates one that holds a copy of all that is billed with it.';

/** Longest encounter id that leaves room for `bc-` before and `-ci-<n>` after it in a FHIR id of 64 characters. */
const MAX_OWN_ID = 50;

/** Two calls at once for one encounter make one case: the id comes from the encounter's, and the server creates it once. */
export async function main({ encounterId }: Input): Promise<Output> {
  if (typeof encounterId !== 'string') throw new Error('encounterId: found none, expected the id of an Encounter');
  const id = encounterId.length > MAX_OWN_ID ? `bc-${await digest(encounterId, 40)}` : `bc-${encounterId}`;
  const known = await findCase(id, encounterId);
  if (known !== undefined) return { billingCaseId: known, created: false };
  return { billingCaseId: id, created: await createOnce(await takeSnapshot(id, encounterId)) };
}

async function findCase(id: string, encounterId: string): Promise<string | undefined> {
  try {
    return (await fhir.read('BillingCase', id)).id;
  } catch (error) {
    if (!failedWith(error, 'NOT_FOUND')) throw error;
  }
  return (await searchCase(`Encounter/${encounterId}`))?.id;
}

/** A case that something else made, under an id of its own. */
async function searchCase(encounter: string): Promise<BillingCase | undefined> {
  try {
    const cases = await searchAll<BillingCase>('BillingCase', { encounter });
    return cases.find((one) => one.encounter?.some(({ reference }) => reference === encounter));
  } catch (error) {
    // A server whose BillingCase has no such search parameter knows cases by their id alone.
    if (failedWith(error, 'INVALID') || failedWith(error, 'BAD_ARGUMENT')) return undefined;
    throw error;
  }
}

/** False when another call was faster. */
async function createOnce(resource: BillingCase): Promise<boolean> {
  const request = { method: 'PUT', url: `BillingCase/${resource.id}`, ifNoneMatch: '*' } as const;
  try {
    await fhir.transaction({ resourceType: 'Bundle', type: 'transaction', entry: [{ resource, request }] });
    return true;
  } catch (error) {
    if (failedWith(error, 'CONFLICT')) return false;
    throw error;
  }
}

async function takeSnapshot(id: string, encounterId: string): Promise<BillingCase> {
  const encounter = await fhir.read<Encounter>('Encounter', encounterId);
  const patientId = idOf(encounter.subject, 'Patient');
  if (patientId === undefined) throw new Error(`Encounter/${encounterId} subject: found none, expected a Patient`);
  const [patient, coverages, procedures] = await Promise.all([
    fhir.read<Patient>('Patient', patientId),
    searchAll<Coverage>('Coverage', { beneficiary: `Patient/${patientId}`, status: 'active' }),
    searchAll<Procedure>('Procedure', { encounter: `Encounter/${encounterId}` }),
  ]);
  const actors = [
    ...procedures.flatMap((one) => one.performer ?? []).map((one) => one.actor),
    ...(encounter.participant ?? []).map((one) => one.individual),
  ];
  const [practitioners, organizations, conditions] = await Promise.all([
    follow<Practitioner>('Practitioner', actors),
    follow<Organization>('Organization', [...coverages.flatMap((one) => one.payor ?? []), encounter.serviceProvider]),
    follow<Condition>(
      'Condition',
      procedures.flatMap((one) => one.reasonReference ?? []),
    ),
  ]);
  const groups = [[patient], [encounter], coverages, procedures, practitioners, organizations, conditions];
  const { contained, refer } = contain(groups.flat());
  const list = (resources: readonly Resource[]) => (resources.length > 0 ? resources.map(refer) : undefined);
  return {
    resourceType: 'BillingCase',
    id,
    status: 'draft',
    snapshotDate: new Date().toISOString(),
    patient: refer(patient),
    encounter: [refer(encounter)],
    coverage: list(coverages),
    procedure: list(procedures),
    practitioner: list(practitioners),
    organization: list(organizations),
    condition: list(conditions),
    contained,
  };
}

/** Resources of one type that the references name. One that does not exist is no reason not to bill: it is logged. */
async function follow<T extends Resource>(type: string, references: readonly (Reference | undefined)[]): Promise<T[]> {
  const ids = [...new Set(references.flatMap((one) => idOf(one, type) ?? []))];
  const found = await readAll<T>(type, ids);
  for (const id of ids) if (!found.some((one) => one.id === id)) log.warn(`${type}/${id} is referred to but not there`);
  return found;
}
