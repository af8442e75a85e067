/** What the API says of a run's BillingWorkflow resource, and mends in it. */
import type { FhirHost } from '../broker/fhir.ts';
import { closeRecord } from '../temporal/activities/record.ts';
import type { RunView } from './view.ts';

/** Codes of runs that were ended from outside: they could not close their resource, or not even note down its id. */
const CUT_OFF: readonly string[] = ['TERMINATED', 'RUN_TIMED_OUT'];

/**
 * Adds the status of the resource. Temporal wins where they disagree: a resource left open is closed as the run was. While
 * FHIR does not answer, the view stays as it is.
 */
export async function withRecord(fhir: FhirHost, view: RunView): Promise<RunView> {
  try {
    const id = view.billingWorkflow?.reference.slice('BillingWorkflow/'.length) ?? (await unnoted(fhir, view));
    if (id === null) return view;
    const tenant = view.tenantOrganizationId;
    const { end } = view.executionPeriod;
    const resource = await fhir.read(tenant, 'BillingWorkflow', id);
    const isLeftOpen = resource.status === 'in-progress' && view.status !== 'in-progress' && end !== undefined;
    if (isLeftOpen) {
      await closeRecord(fhir, { tenant, id, status: view.status === 'completed' ? 'completed' : 'failed', end });
    }
    const status = isLeftOpen ? view.status : typeof resource.status === 'string' ? resource.status : null;
    return { ...view, billingWorkflow: { reference: `BillingWorkflow/${id}`, status } };
  } catch {
    return view;
  }
}

/** Id of a resource that a run had made when it was cut off, before its history could tell of it. */
async function unnoted(fhir: FhirHost, { error, runId, tenantOrganizationId }: RunView): Promise<string | null> {
  if (!CUT_OFF.includes(error?.code ?? '')) return null;
  const query = { identifier: `urn:temporal:run-id|${runId}` };
  const bundle = await fhir.search(tenantOrganizationId, 'BillingWorkflow', query);
  const { entry } = bundle as { entry?: readonly { readonly resource?: { readonly id?: string } }[] };
  return entry?.[0]?.resource?.id ?? null;
}
