import type { Bundle, BundleEntry, Resource } from '@aidbox-billing/built-in-activities/fhir/_types';

/** Entry that stores a resource under its own id. */
export function put(resource: Resource): BundleEntry {
  return { resource, request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` } };
}

/** Entry that removes a resource. */
export function remove(resource: Resource): BundleEntry {
  return { request: { method: 'DELETE', url: `${resource.resourceType}/${resource.id}` } };
}

/** One transaction of several lists. Of two entries for one resource the later counts; POSTs are all kept. */
export function transactionOf(...lists: readonly (readonly BundleEntry[] | undefined)[]): Bundle {
  const byUrl = new Map<string, BundleEntry>();
  const created: BundleEntry[] = [];
  for (const entry of lists.flatMap((list) => list ?? [])) {
    if (entry.request?.method === 'POST') created.push(entry);
    else byUrl.set(`${entry.request?.url}`, entry);
  }
  return { resourceType: 'Bundle', type: 'transaction', entry: [...byUrl.values(), ...created] };
}
