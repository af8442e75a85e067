/** Composite search parameters, such as `context-type-value=program$12345`, which the library does not match. */
import { type Filter, getSearchParameters, matchesSearchRequest, Operator, splitSearchOnComma } from '@medplum/core';
import type { Resource, SearchParameter } from '@medplum/fhirtypes';
import { refuse } from './outcome.ts';

/**
 * Whether one element of the resource meets all parts of a value. Each element is tried in a copy of the resource that has
 * no other of its kind, against the parameters that the parts stand for.
 */
export function matchesComposite(resource: Resource, parameter: SearchParameter, { operator, value }: Filter): boolean {
  const { resourceType } = resource;
  const [, field] = new RegExp(`^${resourceType}\\.(\\w+)$`).exec(parameter.expression ?? '') ?? [];
  if (field === undefined || operator !== Operator.EQUALS)
    throw refuse(`cannot search by "${parameter.code}" this way`);
  const codes = (parameter.component ?? []).map(({ definition }) => codeOf(resourceType, definition));
  const elements = [(resource as unknown as Record<string, unknown>)[field] ?? []].flat();
  return splitSearchOnComma(value).some((alternative) => {
    const parts = alternative.split('$');
    if (parts.length !== codes.length) throw refuse(`"${parameter.code}" takes ${codes.length} parts joined by $`);
    const filters = codes.map((code, index) => ({ code, operator: Operator.EQUALS, value: parts[index] ?? '' }));
    return elements.some((element) =>
      matchesSearchRequest({ ...resource, [field]: [element] } as Resource, { resourceType, filters }),
    );
  });
}

function codeOf(type: string, definition: string | undefined): string {
  const found = Object.values(getSearchParameters(type) ?? {}).find(({ url }) => url === definition);
  if (!found) throw refuse(`${type} cannot be searched by this composite parameter`);
  return found.code;
}
