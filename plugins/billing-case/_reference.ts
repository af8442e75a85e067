import type { Reference, Resource } from '../fhir/_types.ts';

/** Extension of a dual reference: its `valueReference` names the copy inside the same resource, as `#id`. */
export const CONTAINED = 'http://aidbox.billing.com/StructureDefinition/contained-resource';

/** Copies of resources as they may stand in `contained`, and dual references to them. */
export interface Containment {
  readonly contained: Resource[];
  /** Dual if the resource is among the copies, else external only. */
  refer(target: Resource | Reference): Reference;
}

/** Copies keep their id, unless two types share one. */
export function contain(resources: readonly Resource[]): Containment {
  const byReference = new Map<string, Resource>();
  const taken = new Set<string>();
  for (const resource of resources) {
    const key = `${resource.resourceType}/${resource.id}`;
    if (byReference.has(key)) continue;
    const id = taken.has(`${resource.id}`) ? `${resource.resourceType}-${resource.id}` : `${resource.id}`;
    taken.add(id);
    byReference.set(key, { ...bare(resource), id });
  }
  return {
    contained: [...byReference.values()],
    refer: (target) => {
      const reference = referenceTo(target);
      const copy = byReference.get(reference);
      if (!copy) return { reference };
      return { reference, extension: [{ url: CONTAINED, valueReference: { reference: `#${copy.id}` } }] };
    },
  };
}

/** The copies that a list of dual references names, under their own ids again. */
export function contained<T extends Resource>(holder: Resource, references: readonly Reference[] | undefined): T[] {
  const copies: readonly Resource[] = Array.isArray(holder.contained) ? holder.contained : [];
  return (references ?? []).flatMap((reference) => {
    const local = reference.extension?.find((one) => one.url === CONTAINED)?.valueReference?.reference;
    const copy = copies.find((one) => `#${one.id}` === local);
    return copy ? [{ ...copy, id: idOf(reference) } as T] : [];
  });
}

/** `Type/id` of a resource or of a reference. */
export function referenceTo(target: Resource | Reference): string {
  if ('resourceType' in target) return `${target.resourceType}/${target.id}`;
  return target.reference ?? '';
}

/** Id that a reference names; undefined for none, or for one of another type than `type`. */
export function idOf(reference: Reference | undefined, type?: string): string | undefined {
  const [found, id] = reference?.reference?.split('/') ?? [];
  return type === undefined || type === found ? id : undefined;
}

/** Contained resources have no narrative, no version and no contained ones of their own. */
function bare({ meta: _meta, text: _text, contained: _contained, ...rest }: Resource): Resource {
  return rest as Resource;
}
