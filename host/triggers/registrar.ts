/** Keeps the subscriptions of triggers at a FHIR server as they are wanted, on its unprefixed base. */
import { CapabilityError } from '../broker/capability.ts';
import type { FhirHost, Resource } from '../broker/fhir.ts';
import type { Registration } from './stamp.ts';
import type { Style } from './style.ts';

/** What became of a trigger's registrations. */
export type Action = 'created' | 'replaced' | 'unchanged';

/** A trigger's registrations as they are now: `Subscription/…`, in order of creation. */
export interface Registered {
  readonly action: Action;
  readonly names: readonly string[];
}

/** A resource as the server names it. */
type Found = Resource & { readonly id: string };

const PAGE = 200;
/** Pages read at most: a server whose links lead in a circle must not hold a sync for ever. */
const MOST_PAGES = 100;

/** Registers at one server. All methods reject with `CapabilityError`. */
export class Registrar {
  readonly #fhir: FhirHost;
  readonly #style: Style;

  constructor(fhir: FhirHost, style: Style) {
    this.#fhir = fhir;
    this.#style = style;
  }

  /** All registrations there are, by trigger. */
  async found(): Promise<ReadonlyMap<string, readonly Found[]>> {
    const byTrigger = new Map<string, Found[]>();
    for (const type of this.#style.types) {
      for (const resource of await this.#all(type)) {
        const trigger = this.#style.owner(resource);
        if (trigger !== null) byTrigger.set(trigger, [...(byTrigger.get(trigger) ?? []), resource]);
      }
    }
    return byTrigger;
  }

  /** Whether the server has exactly this. */
  isCurrent(wanted: readonly Registration[], found: readonly Resource[]): boolean {
    return wanted.length === found.length && this.#firstChange(wanted, found) === wanted.length;
  }

  /** Brings a trigger's registrations to what is wanted. What is as it should be is left alone: its undelivered events live on. */
  async register(wanted: readonly Registration[], found: readonly Found[]): Promise<Registered> {
    if (this.isCurrent(wanted, found)) return { action: 'unchanged', names: found.map(nameOf) };
    const { inPlace, isFor, isCurrent } = this.#style;
    const from = this.#firstChange(wanted, found);
    const kept = inPlace ? wanted : wanted.slice(0, from);
    await this.remove(found.filter((each) => !kept.some((one) => isFor(one, each))));
    const names: string[] = [];
    for (const [index, each] of wanted.entries()) {
      const there = found.find((one) => isFor(each, one) && (inPlace || index < from));
      names.push(there === undefined ? await this.#create(each) : nameOf(there));
      if (there && !isCurrent(each, there)) await this.#fhir.update(null, { ...each, id: there.id });
    }
    return { action: found.length === 0 ? 'created' : 'replaced', names };
  }

  /** Deletes registrations, those first that were created last. Resolves to their names. */
  async remove(found: readonly Found[]): Promise<string[]> {
    const { types } = this.#style;
    const order = [...found].sort((a, b) => types.indexOf(b.resourceType) - types.indexOf(a.resourceType));
    for (const { resourceType, id } of order) await this.#fhir.remove(null, resourceType, id);
    return order.map(nameOf);
  }

  #firstChange(wanted: readonly Registration[], found: readonly Resource[]): number {
    const { isFor, isCurrent } = this.#style;
    const changed = wanted.findIndex((each) => !found.some((one) => isFor(each, one) && isCurrent(each, one)));
    return changed < 0 ? wanted.length : changed;
  }

  async #create(resource: Registration): Promise<string> {
    try {
      await this.#fhir.update(null, resource);
      return nameOf(resource);
    } catch (error) {
      if (!(error instanceof CapabilityError) || error.code === 'UNAVAILABLE') throw error;
      const id = await this.#style.insist(resource, this.#fhir);
      if (id === null) throw error;
      return nameOf({ ...resource, id });
    }
  }

  async #all(type: string): Promise<Found[]> {
    const all: Found[] = [];
    let params: Record<string, string> | null = { _count: String(PAGE) };
    for (let page = 0; params !== null && page < MOST_PAGES; page += 1) {
      const bundle: Resource = await this.#fhir.search(null, type, params);
      for (const { resource } of listOf<{ resource?: Found }>(bundle.entry)) {
        if (resource?.resourceType === type && typeof resource.id === 'string') all.push(resource);
      }
      const next = listOf<{ relation?: string; url?: string }>(bundle.link).find(({ relation }) => relation === 'next');
      params = next?.url === undefined ? null : Object.fromEntries(new URLSearchParams(next.url.split('?')[1] ?? ''));
    }
    return all;
  }
}

function nameOf({ resourceType, id }: Found): string {
  return `${resourceType}/${id}`;
}

function listOf<T>(value: unknown): T[] {
  return Array.isArray(value) ? (value as T[]) : [];
}
