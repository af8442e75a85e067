/** How each kind of FHIR server has its subscriptions: which resources, and when one of them is as it should be. */
import type { Trigger } from '../../registry/index.ts';
import type { FhirHost, Resource } from '../broker/fhir.ts';
import { subscriptionResources } from './r4.ts';
import type { ServerKind } from './server.ts';
import { isAsSent, type Registration, TAG, triggerOf } from './stamp.ts';
import { destinationResource, profilesOf, type Receiver, topicResource } from './topic.ts';

/** What a registrar has to know of a kind of server. */
export interface Style {
  /** Types of its resources, in order of creation. */
  readonly types: readonly string[];
  /** Whether a changed resource is written over; else it is deleted and created again, with all that came after it. */
  readonly inPlace: boolean;
  /** The resources of a trigger, in order of creation. */
  wanted(trigger: Trigger, receiver: Receiver): Registration[];
  /** Id of the trigger that a resource on the server belongs to; null: it is none of ours. */
  owner(resource: Resource): string | null;
  /** Whether the one on the server stands for the wanted one, changed or not. */
  isFor(wanted: Registration, found: Resource): boolean;
  /** Whether it has to stay untouched. */
  isCurrent(wanted: Registration, found: Resource): boolean;
  /** Another way to create what the server did not take. Resolves to its id; null: there is none. */
  insist(wanted: Registration, fhir: FhirHost): Promise<string | null>;
}

/** The style of a server; null for one that takes no subscriptions. */
export function styleOf({ kind, version }: ServerKind): Style | null {
  if (kind === 'none') return null;
  return kind === 'aidbox' ? aidboxStyle(profilesOf(version)) : R4_STYLE;
}

/** Destinations of Aidbox cannot be changed, and a topic only without one. */
function aidboxStyle([profile, other]: readonly string[]): Style {
  return {
    types: ['AidboxSubscriptionTopic', 'AidboxTopicDestination'],
    inPlace: false,
    wanted: (trigger, receiver) => [topicResource(trigger), destinationResource(trigger, receiver, profile ?? '')],
    owner: ({ resourceType, id }) => {
      const prefix = resourceType === 'AidboxTopicDestination' ? 'ts-trigger-dest-' : 'ts-trigger-';
      return typeof id === 'string' && id.startsWith(prefix) ? id.slice(prefix.length) : null;
    },
    isFor: (wanted, found) => wanted.resourceType === found.resourceType && wanted.id === found.id,
    isCurrent: isAsSent,
    insist: async (wanted, fhir) => {
      if (wanted.resourceType !== 'AidboxTopicDestination' || other === undefined) return null;
      await fhir.update(null, { ...wanted, meta: { ...wanted.meta, profile: [other] } });
      return wanted.id;
    },
  };
}

/** The server says in `status` how far it is; one that has given up (`error`, `off`) is asked again. */
const ALIVE: readonly unknown[] = ['requested', 'active'];

/** A server may give ids of its own: what a resource is for says its tag, and the type it watches. */
const R4_STYLE: Style = {
  types: ['Subscription'],
  inPlace: true,
  wanted: subscriptionResources,
  owner: (resource) => {
    const { id } = resource;
    const named = typeof id === 'string' ? /^ts-trigger-([A-Za-z0-9-]+)(?:\.\d+)?$/.exec(id)?.[1] : undefined;
    return triggerOf(resource) ?? named ?? null;
  },
  isFor: (wanted, found) => wanted.criteria === found.criteria,
  isCurrent: (wanted, found) => {
    if (!ALIVE.includes(found.status)) return false;
    return isAsSent({ ...wanted, id: String(found.id), status: found.status }, found);
  },
  // Not every server lets a client choose an id.
  insist: async ({ id: _, ...wanted }, fhir) => {
    const tag = encodeURIComponent(`${TAG}|${triggerOf(wanted)}`);
    const criteria = encodeURIComponent(String(wanted.criteria));
    return (await fhir.create(null, wanted, `_tag=${tag}&criteria=${criteria}`)).id;
  },
};
