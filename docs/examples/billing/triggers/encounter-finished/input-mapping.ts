import type { Encounter } from '@aidbox-billing/built-in-activities/fhir/_types';

interface Input {
  resource: Encounter & { meta?: { extension?: { url: string; valueReference?: { reference?: string } }[] } };
}

interface Output {
  encounterId: string;
  tenantOrganizationId: string;
  _workflowId: string;
}

/** Aidbox marks each resource with the organization under which it was written. */
const TENANT = 'https://aidbox.app/tenant-organization-id';

export const description =
  'Starts prebill for the finished encounter under its own tenant; nothing for one without tenant.';

/** The workflow id makes a second event of one encounter find the run of the first. */
export async function main({ resource }: Input): Promise<Output | null> {
  const marker = resource.meta?.extension?.find((one) => one.url === TENANT)?.valueReference?.reference;
  const tenant = /^Organization\/([^/]+)$/.exec(marker ?? '')?.[1];
  if (!tenant || !resource.id) return null;
  return { encounterId: resource.id, tenantOrganizationId: tenant, _workflowId: `prebill-${resource.id}` };
}
