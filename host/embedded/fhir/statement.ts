/** What `GET /fhir/metadata` tells. */
import { getResourceTypes } from '@medplum/core';
import type { CapabilityStatement, CapabilityStatementRestResource } from '@medplum/fhirtypes';
import { isStoredType } from './definitions.ts';

const INTERACTIONS = [
  'read',
  'vread',
  'history-instance',
  'create',
  'update',
  'patch',
  'delete',
  'search-type',
] as const;

/** The CapabilityStatement, as of `now`. */
export function capabilityStatement(now: Date): CapabilityStatement {
  const resource = getResourceTypes()
    .filter(isStoredType)
    .map((type) => ({
      type,
      interaction: INTERACTIONS.map((code) => ({ code })),
      versioning: 'versioned-update',
      updateCreate: true,
      conditionalCreate: true,
      conditionalUpdate: true,
      conditionalDelete: 'single',
    }));
  return {
    resourceType: 'CapabilityStatement',
    status: 'active',
    date: now.toISOString(),
    kind: 'instance',
    fhirVersion: '4.0.1',
    format: ['application/fhir+json'],
    rest: [
      {
        mode: 'server',
        interaction: [{ code: 'transaction' }, { code: 'batch' }],
        resource: resource as CapabilityStatementRestResource[],
      },
    ],
  };
}
