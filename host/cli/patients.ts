/** Loads the synthetic patients of the billing example into a FHIR server, over HTTP like any client. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Entry, encounterToBill, liftCoverages, nameOf, parseEntries, put, type Resource } from './synthea.ts';

/** Where to load whose patient from, and to. */
export interface LoadRequest {
  /** Base URL, Aidbox style: `/Organization/{tenant}/fhir` lies below it. */
  readonly fhirUrl: string;
  /** Name of a folder in `dataDir`; becomes the tenant's Organization id. */
  readonly tenant: string;
  /** `docs/examples/billing/data`. */
  readonly dataDir: string;
  /** One line of progress. */
  readonly log: (line: string) => void;
}

/** What the demo bills. */
export interface LoadedPatient {
  /** The finished encounter to bill: most prices apply to it; the latest of those. */
  readonly encounterId: string;
  readonly patientName: string;
  /** Resources of the tenant that came from the files, whether loaded now or earlier. */
  readonly resources: number;
}

/** Enough for the largest bundle on a slow machine. */
const POST_MS = 60_000;

/** Tenants for which there are patients, sorted. */
export async function tenantsIn(dataDir: string): Promise<string[]> {
  const entries = await readdir(dataDir, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

/** Loads one tenant's patient; changes nothing when it is there. Rejects when the server refuses or does not answer. */
export async function loadPatients({ fhirUrl, tenant, dataDir, log }: LoadRequest): Promise<LoadedPatient> {
  const base = `${fhirUrl.replace(/\/+$/, '')}/Organization/${encodeURIComponent(tenant)}/fhir`;
  const read = async (file: string): Promise<Resource[]> =>
    parseEntries(file, await readFile(join(dataDir, file), 'utf8'));
  const providers = [...(await read(`${tenant}/hospital.json`)), ...(await read(`${tenant}/practitioner.json`))];
  const definitions = (await read('charge-item-definitions.json')).map((one) => ofTenant(one, tenant));
  const record = await read(`${tenant}/patient.json`);
  const patient = record.find((one) => one.resourceType === 'Patient');
  if (!patient) throw new Error(`${tenant}/patient.json: found no Patient, expected one`);
  const { coverages, payors } = liftCoverages(record, tenant);
  const last = [...record, ...coverages];
  const result = {
    encounterId: encounterToBill(record, definitions),
    patientName: nameOf(patient),
    resources: new Set([...providers, ...payors, ...definitions, ...last].map((one) => `${one.resourceType}/${one.id}`))
      .size,
  };
  if (await exists(`${base}/Patient/${patient.id}`)) {
    log(`${tenant}: ${result.patientName} is already loaded`);
    return result;
  }
  log(`${tenant}: loading ${result.patientName}, ${result.resources} resources`);
  for (const part of [providers, payors, definitions, last]) await post(base, part.map(put));
  return result;
}

/** What the files share between tenants gets ids of each tenant's own, since a server may know an id only once. */
function ofTenant(resource: Resource, tenant: string): Resource {
  const text = JSON.stringify({ ...resource, id: `${tenant}-${resource.id}` });
  return JSON.parse(text.replaceAll('"Organization/', `"Organization/${tenant}-`));
}

async function exists(url: string): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.timeout(POST_MS) });
  await response.body?.cancel();
  if (response.ok) return true;
  if (response.status === 404 || response.status === 410) return false;
  throw new Error(`GET ${url}: found status ${response.status}, expected 200 or 404`);
}

async function post(base: string, entry: readonly Entry[]): Promise<void> {
  const response = await fetch(base, {
    method: 'POST',
    headers: { 'content-type': 'application/fhir+json', accept: 'application/fhir+json' },
    body: JSON.stringify({ resourceType: 'Bundle', type: 'transaction', entry }),
    signal: AbortSignal.timeout(POST_MS),
  });
  const answer = await response.text();
  if (!response.ok)
    throw new Error(`POST ${base}: found status ${response.status}, expected 200: ${answer.slice(0, 500)}`);
}
