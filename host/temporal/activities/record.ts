/** Keeps the BillingWorkflow resource of a run. Both steps may be repeated without harm. */
import type { FhirHost } from '../../broker/fhir.ts';
import type { RecordClose, RecordCreate } from '../workflows/types.ts';

/** Posts the resource, `in-progress`, unless this run has one already. Returns its id. Rejects when FHIR does. */
export async function createRecord(fhir: FhirHost, args: RecordCreate): Promise<string> {
  const { workflowId, runId, workflow, branch, commit } = args;
  const labels = Object.entries({ workflow, branch, commit }).flatMap(([name, value]) =>
    value === null ? [] : [{ system: `urn:cloister:${name}`, value }],
  );
  const resource = {
    resourceType: 'BillingWorkflow',
    status: 'in-progress',
    identifier: [
      { system: 'urn:temporal:workflow-id', value: workflowId },
      { system: 'urn:temporal:run-id', value: runId },
      ...labels,
    ],
    executionPeriod: { start: args.start },
  };
  const created = await fhir.create(args.tenant, resource, `identifier=urn:temporal:run-id|${runId}`);
  return created.id;
}

/** Patches status and end of the resource. */
export async function closeRecord(fhir: FhirHost, { tenant, id, status, end }: RecordClose): Promise<void> {
  await fhir.patch(tenant, 'BillingWorkflow', id, [
    { op: 'replace', path: '/status', value: status },
    { op: 'add', path: '/executionPeriod/end', value: end },
  ]);
}
