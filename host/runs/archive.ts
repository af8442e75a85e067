/** Runs that Temporal has forgotten: what their BillingWorkflow resource still tells. */
import { CapabilityError } from '../broker/capability.ts';
import type { FhirHost } from '../broker/fhir.ts';
import { ApiError } from '../error.ts';
import type { RunStatus, RunView } from './view.ts';

interface Resource {
  readonly id?: unknown;
  readonly status?: unknown;
  readonly identifier?: readonly { readonly system?: unknown; readonly value?: unknown }[];
  readonly executionPeriod?: { readonly start?: unknown; readonly end?: unknown };
}

const STATUSES: readonly unknown[] = ['in-progress', 'completed', 'failed'] satisfies RunStatus[];
const LONGEST_ID = 255;

/**
 * The run with this run id, or the latest with this workflow id, as its resource shows it; null when there is none under the
 * tenant. `activities` is null. Rejects with `FHIR_UNAVAILABLE`.
 */
export async function archivedRun(fhir: FhirHost, tenant: string | null, id: string): Promise<RunView | null> {
  if (id.length > LONGEST_ID) return null;
  for (const system of ['urn:temporal:run-id', 'urn:temporal:workflow-id']) {
    const found = await search(fhir, tenant, { system, id });
    const views = found.flatMap((resource) => viewOf(resource, tenant) ?? []);
    const [latest] = views.sort((a, b) => b.executionPeriod.start.localeCompare(a.executionPeriod.start));
    if (latest) return latest;
  }
  return null;
}

async function search(
  fhir: FhirHost,
  tenant: string | null,
  { system, id }: { readonly system: string; readonly id: string },
): Promise<readonly Resource[]> {
  const identifier = `${system}|${id.replace(/[\\,$|]/g, '\\$&')}`;
  const bundle = await fhir.search(tenant, 'BillingWorkflow', { identifier }).catch((error: unknown) => {
    if (!(error instanceof CapabilityError) || error.code !== 'UNAVAILABLE') return {};
    throw new ApiError('FHIR_UNAVAILABLE', 'the FHIR server does not answer');
  });
  const { entry = [] } = bundle as { entry?: readonly { readonly resource?: Resource }[] };
  return entry.flatMap(({ resource }) => (resource && identified(resource, system) === id ? [resource] : []));
}

function viewOf(resource: Resource, tenant: string | null): RunView | null {
  const { id, status, executionPeriod } = resource;
  const known = {
    runId: identified(resource, 'urn:temporal:run-id'),
    workflowId: identified(resource, 'urn:temporal:workflow-id'),
    workflow: identified(resource, 'urn:cloister:workflow'),
  };
  const start = timeOf(executionPeriod?.start);
  const end = timeOf(executionPeriod?.end);
  if (known.runId === null || known.workflowId === null || known.workflow === null || start === null) return null;
  if (typeof id !== 'string' || !STATUSES.includes(status)) return null;
  return {
    runId: known.runId,
    workflowId: known.workflowId,
    workflow: known.workflow,
    branch: identified(resource, 'urn:cloister:branch'),
    commit: identified(resource, 'urn:cloister:commit'),
    digest: null,
    dirty: false,
    status: status as RunStatus,
    tenantOrganizationId: tenant,
    trigger: null,
    executionPeriod: { start, ...(end !== null && { end }) },
    billingWorkflow: { reference: `BillingWorkflow/${id}`, status: status as RunStatus },
    rerunOf: null,
    input: null,
    output: null,
    error: null,
    activities: null,
  };
}

function identified({ identifier }: Resource, wanted: string): string | null {
  const value = identifier?.find(({ system }) => system === wanted)?.value;
  return typeof value === 'string' ? value : null;
}

function timeOf(value: unknown): string | null {
  const at = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(at) ? null : new Date(at).toISOString();
}
